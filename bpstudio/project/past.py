"""The runs of a project: the ways that its training took, to go back to and to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from bpstudio.engine.op import Array
from bpstudio.project.iteration import runnable
from bpstudio.project.project import Project, Trained, frozen
from bpstudio.training.job import Job, Memory, Metrics
from bpstudio.training.line import Dated, Line, Run, alike

MOST_RUNS = 12
"""So many runs of a project are kept at most, the newest."""

MOST_BYTES = 256 << 20
"""How much their losses may take together, if there is more than one."""


class Stretch(NamedTuple):
    """The steps from `begin` to `end` of a run, as a part of the way to some weights."""

    run: Run
    begin: int
    end: int


def begun(project: Project, job: Job) -> tuple[Run, Job]:
    """The run that a job of this project takes further, or the one that it begins.

    The job comes back with the arrays that earlier runs hold already.
    """
    job = _sharing(project, job)
    present = project.runs.get(project.trained.run)
    if present is not None and _goes_on(present, job):
        return replace(present, line=present.line.gone_on(job)), job
    numbers = {int(id.removeprefix("run")) for id in project.runs if id[3:].isdecimal()}
    id = f"run{max(numbers, default=0) + 1}"
    parent = present.id if present is not None and job.start else ""
    return Run(id, Line(job), job.start, project.trained.losses, parent=parent), job


def landed(
    project: Project,
    run: Run,
    changes: tuple[Dated, ...] = (),
    metrics: Metrics | None = None,
    problem: str = "",
) -> Project:
    """The project, into which the weights of this run have just come, with the run.

    `changes` are those on the way since it was begun.
    """
    trained = project.trained
    kept = {key: project.weights[key] for key, _ in run.line.job.layout if key in project.weights}
    run = replace(
        run,
        line=replace(run.line, changes=(*run.line.changes, *changes)),
        end=trained.steps,
        losses=trained.losses,
        weights=kept,
        metrics=metrics,
        problem=problem,
    )
    return replace(project, runs=_bounded(project, run), trained=replace(trained, run=run.id))


def way(project: Project, id: str = "") -> tuple[Stretch, ...]:
    """How the weights of a run came, the present one without an id: what can be gone back to.

    The last stretch is the run itself, those before it are of the runs that it went on from. It
    ends at another network, and where a run is no longer kept.
    """
    structure = runnable(project)[0].structure
    found: list[Stretch] = []
    run = project.runs.get(id or project.trained.run)
    end = run.end if run is not None else 0
    while run is not None and run.line.job.graph.structure == structure and end <= run.end:
        found.insert(0, Stretch(run, run.start, end))
        end = run.start
        run = project.runs.get(run.parent)
    return tuple(found)


def stretch_at(stretches: tuple[Stretch, ...], step: int) -> Stretch | None:
    """The stretch in which a step lies, the later one of two that meet there."""
    for stretch in reversed(stretches):
        if stretch.begin <= step <= stretch.end:
            return stretch
    return None


def gone_back(
    project: Project,
    run: Run,
    step: int,
    weights: Mapping[str, Array],
    statistics: Mapping[str, Array],
    memory: Memory,
) -> Project:
    """The project with what a run was at that step; its settings and its data stay as they are."""
    if step == run.end and run.weights:
        weights = run.weights
    return replace(
        project,
        weights={key: frozen(weights.get(key, own)) for key, own in project.weights.items()},
        statistics={
            key: frozen(statistics.get(key, own)) for key, own in project.statistics.items()
        },
        trained=Trained(step, frozen(run.losses[:step]), memory, run.id),
    )


def marked(project: Project, id: str, step: int) -> Project:
    """The project with a mark at that step of a run, or without it if there was one."""
    run = project.runs[id]
    marks = set(run.marks) ^ {step}
    return replace(project, runs={**project.runs, id: replace(run, marks=tuple(sorted(marks)))})


def forgotten(project: Project, id: str) -> Project:
    """The project without a run; what went on from it can't be gone back beyond its own start."""
    return replace(project, runs={key: run for key, run in project.runs.items() if key != id})


def saved_along(project: Project, on: bool) -> Project:
    """The project whose file holds its runs, or does not."""
    return project if on == project.saves_runs else replace(project, saves_runs=on)


def _goes_on(run: Run, job: Job) -> bool:
    """Whether a job goes on where a run was left."""
    mine = run.line.job
    return (
        run.end == job.start
        and run.weights.keys() == job.weights.keys()
        and all(run.weights[key] is weight for key, weight in job.weights.items())
        and mine.graph.structure == job.graph.structure
        and (mine.target, mine.classification) == (job.target, job.classification)
    )


def _sharing(project: Project, job: Job) -> Job:
    """The job with the arrays of the newest run, where they are the same: data can be large."""
    for run in reversed(list(project.runs.values())):
        last = run.line.at(run.end)
        if alike(last.given, job.given) and alike(last.test, job.test):
            return replace(job, given=last.given, test=last.test)
    return job


def _bounded(project: Project, run: Run) -> dict[str, Run]:
    """The runs with this one, without the oldest where they are too many."""
    runs = {**project.runs, run.id: run}
    others = [id for id in runs if id != run.id]
    while others and (
        len(runs) > MOST_RUNS or sum(each.losses.nbytes for each in runs.values()) > MOST_BYTES
    ):
        del runs[others.pop(0)]
    return runs
