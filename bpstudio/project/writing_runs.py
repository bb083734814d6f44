"""The runs of a project as records of its file: as many of the newest as there is room for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

import msgspec
from msgspec import UnsetType

from bpstudio.engine.op import Array
from bpstudio.engine.ops.missing import Missing
from bpstudio.errors import StudioError
from bpstudio.project import runs
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project
from bpstudio.project.records import ChangeRecord, Held, MetricsRecord, RunRecord, RunsRecord
from bpstudio.project.writing_parts import (
    held_record,
    memory_record,
    node_record,
    training_record,
)
from bpstudio.training.job import Job, Metrics
from bpstudio.training.line import Run, alike

MOST_SAVED = 32 << 20
"""How many bytes the arrays of all runs in a file may take together."""
LONGEST_PROBLEM = 2000


def runs_record(project: Project, arrays: dict[str, Array]) -> RunsRecord | UnsetType:
    """The runs, whose arrays go to `arrays`; left out where there is nothing to say.

    The run of the present weights comes before all others, and those before the older ones.
    """
    if not project.saves_runs:
        return RunsRecord(saved=False)
    present, own = project.trained.run, project_job(project)
    room, kept = MOST_SAVED, dict[str, RunRecord]()
    newest_first = [id for id in reversed(list(project.runs)) if id != present]
    first = [present] if present in project.runs else []
    for run in (project.runs[id] for id in (*first, *newest_first)):
        mine: dict[str, Array] = {}
        record = _run(run, own, mine) if _is_known(run) else None
        size = sum(array.nbytes for array in mine.values())
        if record is not None and size <= room:
            room -= size
            arrays |= mine
            kept[run.id] = record
    if not kept:
        return msgspec.UNSET
    order = [kept[id] for id in project.runs if id in kept]
    return RunsRecord(order, present if present in kept else None)


def project_job(project: Project) -> Job | None:
    """The training of the project itself, which runs share with it; None where there is none."""
    try:
        return runs.job(within(project, runnable(project)[0]), 0)
    except StudioError:
        return None  # the network is not whole: the runs say all by themselves


def _is_known(run: Run) -> bool:
    """Whether it can be written: gates that only a newer version knows are not trained."""
    return not any(isinstance(node.op, Missing) for node in run.line.job.graph.nodes.values())


def _run(run: Run, own: Job | None, arrays: dict[str, Array]) -> RunRecord:
    job, before = run.line.job, f"{run.id}-"
    arrays[f"{before}losses"] = run.losses
    same = own is not None and own.graph.structure == job.graph.structure
    data = own is not None and alike(own.given, job.given) and alike(own.test, job.test)
    return RunRecord(
        id=run.id,
        start=run.start,
        end=run.end,
        losses=f"{before}losses",
        training=training_record(job.settings),
        weights=held_record(job.weights, arrays, before),
        statistics=held_record(job.statistics, arrays, before),
        memory=memory_record(job.memory, arrays, before),
        nodes=None if same else [node_record(node) for node in job.graph.nodes.values()],
        given=None if data else held_record(job.given, arrays, f"{before}given-"),
        test=None if data else held_record(job.test, arrays, f"{before}test-"),
        objective=job.objective,
        classification=job.classification,
        changes=[
            ChangeRecord(
                step,
                None if change.settings is None else training_record(change.settings),
                _changed(change.given, arrays, f"{before}{place}-given-"),
                _changed(change.test, arrays, f"{before}{place}-test-"),
            )
            for place, (step, change) in enumerate(run.line.changes)
        ],
        parent=run.parent or None,
        marks=list(run.marks),
        metrics=_metrics(run.metrics),
        problem=run.problem[:LONGEST_PROBLEM],
    )


def _changed(
    values: Mapping[str, Array] | None, arrays: dict[str, Array], before: str
) -> dict[str, Held] | None:
    return None if values is None else dict(held_record(values, arrays, before))


def _metrics(metrics: Metrics | None) -> MetricsRecord | None:
    """What a run came to; nothing where a number of it is not finite."""
    if metrics is None:
        return None
    known = asdict(metrics)
    if any(isinstance(value, float) and not math.isfinite(value) for value in known.values()):
        return None
    tables = ("confusion", "test_confusion")
    return MetricsRecord(**known | {name: [list(row) for row in known[name]] for name in tables})
