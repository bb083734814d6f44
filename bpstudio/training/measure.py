"""How well weights do, over all rows: computed from the weights at hand, never carried along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind
from bpstudio.training.job import MOST_CLASSES, Confusion, Job, Metrics


def measure(
    job: Job,
    weights: Mapping[str, Array],
    step: int,
    statistics: Mapping[str, Array] | None = None,
) -> Metrics:
    """The loss of these weights on the job's rows and on those kept for testing, and how right
    their answers are.

    They are of these weights (and statistics, if given) and not of the job's own; `step` is noted
    in the result. Raises what `run.forward` raises.
    """
    job = replace(job, weights=weights, statistics=statistics or job.statistics)
    own = _judge(job, job.given)
    held_out = any(len(rows) for rows in job.test.values())
    kept = _judge(job, {**job.given, **job.test}) if held_out else _Judged()
    return Metrics(
        step,
        own.loss,
        own.accuracy,
        kept.loss if held_out else None,
        kept.accuracy,
        job.settings.penalty(weights),
        own.error,
        kept.error,
        own.confusion,
        kept.confusion,
    )


def share_right(outputs: Array, targets: Array, boundary: float = 0.5) -> float:
    """The share of rows whose class is the right one."""
    taken, right = classes_of(outputs, targets, boundary)
    return float((taken == right).mean())


def classes_of(outputs: Array, targets: Array, boundary: float = 0.5) -> tuple[Array, Array]:
    """The class that each row is taken for, and the one that it has.

    Rows of several numbers say the class by the largest. One number says it by the side of the
    `boundary` on which it lies, for targets −1 and 1 by its sign. An output exactly on it counts as
    the upper class.
    """
    if targets.ndim == 2 and targets.shape[1] > 1:
        return outputs.argmax(axis=1), targets.argmax(axis=1)
    middle = 0.0 if targets.size and targets.min() < 0 else 0.5
    taken, right = outputs >= min(middle, boundary), targets >= middle
    return taken.reshape(-1).astype(int), right.reshape(-1).astype(int)


def confusion(taken: Array, right: Array, count: int) -> Confusion:
    """How many rows of each of `count` classes were taken for each; empty for too many classes."""
    if count > MOST_CLASSES:
        return ()
    pairs = np.bincount(right * count + taken, minlength=count * count)
    return tuple(tuple(line) for line in pairs.reshape(count, count).tolist())


def predicting(graph: Graph, loss: str) -> tuple[str, str] | None:
    """The node whose output a loss compares with its target, and the key of that target."""
    node: Node = graph[loss]
    targets = [port.name for port in node.owned(Kind.TARGET)]
    sources = [node.sources[port.name][0] for port in node.op.ports if port.name in node.sources]
    return (sources[0], f"{loss}.{targets[0]}") if targets and sources else None


class _Judged(NamedTuple):
    """What answers to certain rows are worth."""

    loss: float = float("nan")
    accuracy: float | None = None
    error: float | None = None
    confusion: Confusion = ()


def _judge(job: Job, given: Mapping[str, Array]) -> _Judged:
    compared = predicting(job.graph, job.target)
    answers, output = None, np.zeros(())
    for step in run.forward(
        job.graph, given, job.weights, statistics=job.statistics, ancestors_of=job.target
    ):
        output = step.output
        if compared is not None and step.node == compared[0]:
            answers = output
    with np.errstate(all="ignore"):
        loss = float(output.sum())
        if compared is None or answers is None or compared[1] not in given:
            return _Judged(loss)
        targets = given[compared[1]]
        if not job.classification:
            fits = answers.shape == targets.shape and targets.size > 0
            error = float(np.sqrt(np.square(answers - targets).mean())) if fits else None
            return _Judged(loss, error=error)
        taken, right = classes_of(answers, targets, job.graph[job.target].op.boundary)
        count = targets.shape[1] if targets.ndim == 2 and targets.shape[1] > 1 else 2
        return _Judged(
            loss, float((taken == right).mean()), confusion=confusion(taken, right, count)
        )
