"""What a project asks of training and prediction, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.errors import GraphError, ShapeError
from bpstudio.language import N_
from bpstudio.project import edits
from bpstudio.project.project import (
    Project,
    arguments,
    loss_node,
    predicting_node,
    shapes,
)
from bpstudio.training.job import MOST_STEPS, Job, Metrics, Result
from bpstudio.training.measure import measure


def job(project: Project, steps: int = MOST_STEPS, *, name: str = "") -> Job:
    """The training that the project's settings describe, going on from its present weights.

    Raises GraphError and ShapeError for a network that is not whole.
    """
    shapes(project)
    data = project.data
    held_out = data is not None and bool(len(data.test_rows))
    return Job(
        graph=project.graph,
        given=arguments(project),
        weights=project.weights,
        settings=project.training,
        test=_batched(project, data.test_rows) if data is not None and held_out else {},
        statistics=project.statistics,
        classification=data is not None and data.classification,
        objective=loss_node(project),
        memory=project.trained.memory,
        start=project.trained.steps,
        steps=steps,
        run=name,
    )


def landed(project: Project, result: Result) -> Project:
    """The project with what a run of its own `job` came to."""
    losses = np.concatenate([project.trained.losses, result.losses])
    return edits.land_training(
        project, result.weights, result.statistics, losses, result.step, result.memory
    )


def measured(project: Project) -> Metrics:
    """How well the present weights do, on the rows to train on and on those kept for testing."""
    return measure(job(project), project.weights, project.trained.steps)


def predict(project: Project, features: Array) -> Array:
    """The network's answers for rows of features, shape (rows, outputs).

    Raises GraphError for a network that reads no rows, and ShapeError where the rows do not have
    as many numbers as it reads or its answer is not one row for each.
    """
    answer = predicting_node(project)
    keys = project.graph.keys(Kind.FEATURES)
    if not keys:
        raise GraphError(
            N_("The network has no node that reads rows of data. Put Data where rows come in.")
        )
    if features.ndim < 2 or not len(features):
        raise ShapeError(
            N_("Rows of numbers are needed, such as [[0, 1], [1, 1]], not an array of ({shape})."),
            shape=" × ".join(map(str, features.shape)),
        )
    if project.data is not None and features.shape[1] != project.data.features.shape[1]:
        raise ShapeError(
            N_("The rows have {have} numbers each, but the network reads {needed}."),
            have=features.shape[1],
            needed=project.data.features.shape[1],
        )
    given = {**project.given, **dict.fromkeys(keys, features)}
    output = _last_value(project.graph, given, project, answer)
    if output.shape[:1] != (len(features),):
        raise ShapeError(
            N_("{node} gives {count} numbers for {rows} rows, not an answer for each row."),
            nodes=(answer,),
            node=project.graph[answer].label,
            count=output.size,
            rows=len(features),
        )
    return output.reshape(len(features), -1)


def _batched(project: Project, rows: Array) -> dict[str, Array]:
    wanted = set(project.graph.keys(Kind.FEATURES, Kind.TARGET))
    return {key: value for key, value in arguments(project, rows).items() if key in wanted}


def _last_value(graph: Graph, given: Mapping[str, Array], project: Project, answer: str) -> Array:
    steps = list(
        run.forward(
            graph,
            given,
            project.weights,
            statistics=project.statistics,
            ancestors_of=answer,
        )
    )
    return steps[-1].output
