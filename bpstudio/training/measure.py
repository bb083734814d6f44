"""How well weights do, over all rows: computed from the weights at hand, never carried along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind
from bpstudio.training.job import Job, Metrics


def measure(
    job: Job,
    weights: Mapping[str, Array],
    step: int,
    statistics: Mapping[str, Array] | None = None,
) -> Metrics:
    """The loss and the accuracy of these weights on the job's rows and on those kept for testing.

    They are of these weights (and statistics, if given) and not of the job's own; `step` is noted
    in the result. Raises what `run.forward` raises.
    """
    job = replace(job, weights=weights, statistics=statistics or job.statistics)
    loss, accuracy = _judge(job, job.given)
    if not any(len(rows) for rows in job.test.values()):
        return Metrics(step, loss, accuracy)
    kept = _judge(job, {**job.given, **job.test})
    return Metrics(step, loss, accuracy, *kept)


def share_right(outputs: Array, targets: Array, boundary: float = 0.5) -> float:
    """The share of rows whose class is the right one.

    Rows of several numbers say the class by the largest. One number says it by the side of the
    `boundary` on which it lies, for targets −1 and 1 by its sign. An output exactly on it counts as
    the upper class.
    """
    if targets.ndim == 2 and targets.shape[1] > 1:
        return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).mean())
    middle = 0.0 if targets.size and targets.min() < 0 else 0.5
    return float(((outputs >= min(middle, boundary)) == (targets >= middle)).mean())


def predicting(graph: Graph, loss: str) -> tuple[str, str] | None:
    """The node whose output a loss compares with its target, and the key of that target."""
    node: Node = graph[loss]
    targets = [port.name for port in node.owned(Kind.TARGET)]
    sources = [node.sources[port.name][0] for port in node.op.ports if port.name in node.sources]
    return (sources[0], f"{loss}.{targets[0]}") if targets and sources else None


def _judge(job: Job, given: Mapping[str, Array]) -> tuple[float, float | None]:
    steps = run.forward(
        job.graph, given, job.weights, statistics=job.statistics, ancestors_of=job.target
    )
    compared = predicting(job.graph, job.target) if job.classification else None
    accuracy, output = None, np.zeros(())
    for step in steps:
        output = step.output
        if compared is not None and step.node == compared[0]:
            boundary = job.graph[job.target].op.boundary
            accuracy = share_right(output, given[compared[1]], boundary)
    with np.errstate(all="ignore"):
        return float(output.sum()), accuracy
