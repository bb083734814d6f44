"""The runs in a project file: read like the project itself, and refused where they do not fit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from msgspec import UNSET, structs

from bpstudio.engine import shapes
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import argument_shapes
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project.container import refusal
from bpstudio.project.past import MOST_RUNS
from bpstudio.project.project import Project
from bpstudio.project.reading_data import shown_name
from bpstudio.project.reading_parts import (
    Supply,
    graph_of,
    held_of,
    is_known,
    memory_of,
    node_of,
    training_of,
)
from bpstudio.project.records import ChangeRecord, MetricsRecord, ProjectRecord, RunRecord
from bpstudio.project.writing_runs import project_job
from bpstudio.training.job import Change, Job, Metrics
from bpstudio.training.line import Line, Run


def with_runs(project: Project, known: ProjectRecord, supply: Supply) -> Project:
    """The project with the runs of its file.

    Raises FileError for what no run can be. A run of gates that this version does not know is left
    out: it could not be shown.
    """
    if known.runs is UNSET:
        return project
    record, own = known.runs, project_job(project)
    if len(record.kept) > MOST_RUNS:
        raise refusal(
            "project.json.runs",
            N_("there are {count} runs; at most {most} are allowed."),
            count=len(record.kept),
            most=MOST_RUNS,
        )
    found: dict[str, Run] = {}
    for each in record.kept:
        place = f"project.json.runs.{shown_name(each.id, 'project.json.runs')}"
        if not each.id.isidentifier() or each.id in found:
            raise refusal(place, N_("this is no name for a run, or another has it too."))
        if all(is_known(node) for node in each.nodes or ()):
            found[each.id] = _run(each, own, supply, place)
    present = found.get(record.present or "")
    if present is not None:
        found[present.id] = _with_weights(project, present)
    trained = replace(project.trained, run="" if present is None else present.id)
    return replace(project, runs=found, trained=trained, saves_runs=record.saved)


def _with_weights(project: Project, run: Run) -> Run:
    """The run of the present weights: it ended with them, if it goes no further than they do."""
    keys = [key for key, _ in run.line.job.layout]
    if run.end != project.trained.steps or not all(key in project.weights for key in keys):
        return run
    return replace(run, weights={key: project.weights[key] for key in keys})


def _run(each: RunRecord, own: Job | None, supply: Supply, place: str) -> Run:
    losses = supply.take(each.losses, place, "biuf", np.float64)
    if losses.shape != (each.end,) or each.start > each.end:
        raise refusal(place, N_("its steps and its losses do not fit."))
    nodes = None if each.nodes is None else [node_of(node, {}) for node in each.nodes]
    if own is None and (nodes is None or each.given is None):
        raise refusal(place, N_("it is of the network of this project, which is not whole."))
    if nodes is None:
        assert own is not None
        graph = own.graph
    else:
        graph = graph_of(nodes)
    if each.given is None:
        assert own is not None
        given, test = own.given, own.test
    else:
        given, test = held_of(supply, each.given, "runs"), held_of(supply, each.test or {}, "runs")
    job = Job(
        graph=graph,
        given=given,
        weights=held_of(supply, each.weights, "runs"),
        settings=training_of(each.training, list(graph.nodes.values())),
        test=test,
        statistics=held_of(supply, each.statistics, "runs"),
        classification=each.classification,
        objective=each.objective,
        memory=memory_of(supply, each.memory),
        start=each.start,
        steps=each.end - each.start,
    )
    _check(job, place)
    changes = tuple((change.step, _change(change, graph, supply)) for change in each.changes)
    return Run(
        id=each.id,
        line=Line(job, changes),
        end=each.end,
        losses=losses,
        # Elsewhere a run of another project may have the same id.
        tape=secrets.token_hex(8),
        parent=each.parent or "",
        metrics=_metrics(each.metrics),
        problem=each.problem,
        marks=tuple(each.marks),
    )


def _check(job: Job, place: str) -> None:
    """Refuse a run whose network does not run, or whose weights are none of that network."""
    graph = job.graph
    if job.objective is not None and job.objective not in graph.nodes:
        raise refusal(place, N_("it follows {name}, which is no node."), name=job.objective)
    try:
        given = job.given_shapes
        known = shapes.infer(graph, given)
        needed = {
            f"{node.id}.{port.name}": argument_shapes(graph, node, known, given)[port.name].features
            for node in graph.ordered
            for port in node.owned(Kind.WEIGHT, Kind.STATISTIC)
        }
    except StudioError as error:
        raise refusal(place, "{reason}", reason=error) from None
    have: Mapping[str, Array] = {**job.weights, **job.statistics}
    if {key: array.shape for key, array in have.items()} != needed:
        raise refusal(place, N_("its weights are not those of its network."))


def _change(each: ChangeRecord, graph: Graph, supply: Supply) -> Change:
    nodes = list(graph.nodes.values())
    return Change(
        settings=None if each.training is None else training_of(each.training, nodes),
        given=None if each.given is None else held_of(supply, each.given, "runs"),
        test=None if each.test is None else held_of(supply, each.test, "runs"),
    )


def _metrics(known: MetricsRecord | None) -> Metrics | None:
    if known is None:
        return None
    values = structs.asdict(known)
    tables = ("confusion", "test_confusion")
    return Metrics(**values | {name: tuple(map(tuple, values[name])) for name in tables})
