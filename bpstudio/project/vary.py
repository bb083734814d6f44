"""Variants of a project as the trials of a sweep.

What can be varied, by name: a setting of a node such as `dense1.units`; `activation`, of all hidden
layers; `l1`, `l2`, `batch`, and settings of the optimizer such as `learning_rate`; and what the
data set was made with, such as `noise`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bpstudio.data import toys
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import build, edits, gates, runs
from bpstudio.project.limits import checked_settings
from bpstudio.project.project import Project, predicting_node
from bpstudio.training.probes import Plane, plane_of
from bpstudio.training.sweep import CELLS, Outcome, Sweep, Trial, Varied

MOST_TRIALS = 10_000
PENALTIES = ("l1", "l2")
OF_TRAINING = (*PENALTIES, "batch", "clip_norm", "clip_value")


def sweep_of(
    project: Project, vary: Mapping[str, Sequence[Any]], *, seeds: Sequence[int], steps: int
) -> Sweep:
    """A trial for every combination of the values and every seed; the seeds are the same for all.

    Raises StudioError for a name that can't be varied and a value that does not fit, and
    GraphError and ShapeError for a network that is not whole.
    """
    return sweep_from(tuple(trials_of(project, vary, seeds=seeds, steps=steps)), vary, seeds, steps)


def sweep_from(
    trials: tuple[Trial, ...], vary: Mapping[str, Sequence[Any]], seeds: Sequence[int], steps: int
) -> Sweep:
    """The sweep that `trials_of` gave these trials for."""
    return Sweep(trials, tuple((n, tuple(v)) for n, v in vary.items()), tuple(seeds), steps)


def trials_of(
    project: Project, vary: Mapping[str, Sequence[Any]], *, seeds: Sequence[int], steps: int
) -> Iterator[Trial]:
    """The trials of a sweep one by one; some milliseconds lie between two at most."""
    for name, values in vary.items():
        if not values:
            raise StudioError(N_("{name} has no values to try. Give it some."), name=name)
    combinations = [
        tuple(zip(vary, values, strict=True)) for values in itertools.product(*vary.values())
    ]
    count = len(combinations) * len(seeds)
    if not 0 < count <= MOST_TRIALS:
        raise StudioError(
            N_("A sweep has 1 to {most} trainings, not {count}. Try fewer values or seeds."),
            most=MOST_TRIALS,
            count=count,
        )
    if steps < 1:
        raise StudioError(N_("A training takes 1 step or more, not {steps}."), steps=steps)
    numbers = itertools.count()
    for settings in combinations:
        varied = edits.new_weights(variant(project, settings), seeds[0])
        job, answer, plane = runs.job(varied, steps), predicting_node(varied), _plane(varied)
        for seed in seeds:
            fresh = edits.new_weights(varied, seed)
            its = replace(
                job,
                weights=fresh.weights,
                statistics=fresh.statistics,
                settings=fresh.training,
            )
            yield Trial(next(numbers), settings, seed, its, answer, plane)


def varied_of(words: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """`name=value,value` words as values by name; raises StudioError for what is none."""
    found: dict[str, tuple[Any, ...]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        parts = [part.strip() for part in text.split(",")]
        if not (name and equals and all(parts)):
            raise StudioError(
                N_("{word} is not name=value,value. Write for example dense1.units=3,6,20."),
                word=word,
            )
        if name in found:
            raise StudioError(N_("{name} is varied twice. Put its values together."), name=name)
        found[name] = tuple(map(_value, parts))
    return found


def variant(project: Project, settings: Varied) -> Project:
    """The project with these settings."""
    for name, value in settings:
        project = _with(project, name, value)
    return project


def opened(project: Project, outcome: Outcome) -> Project:
    """The trained network of a trial: the variant of the project with what the trial came to."""
    varied = edits.new_weights(variant(project, outcome.settings), outcome.seed)
    return edits.land_training(
        varied, outcome.weights, outcome.statistics, outcome.losses, outcome.steps
    )


def capacity() -> tuple[Project, dict[str, tuple[Any, ...]]]:
    """The lecture's pictures of capacity and of λ: hidden units against the penalty."""
    data = toys.make("moons", points=100, noise=0.35, seed=231, held_out=0.5)
    project = build.network(
        data, (2, 6, 1), optimizer="adam", learning_rate=0.02, batch=0, title="Capacity"
    )
    return project, {"dense1.units": (3, 6, 20), "l2": (0.0, 0.001, 0.01, 0.1)}


def xor_starts() -> tuple[Project, dict[str, tuple[Any, ...]]]:
    """XOR from random starts, for more and more units; weights start from the bell curve."""
    project = build.network(toys.make("xor"), (2, 2, 1), title="XOR")
    for id in ("dense1", "dense2"):
        project = edits.set_setting(project, id, "initial", "normal")
    return project, {"dense1.units": (1, 2, 3, 4, 8)}


def usual(project: Project) -> dict[str, tuple[Any, ...]]:
    """What one would vary of a project first: the units of its first hidden layer, and λ."""
    layers = [node for node in project.graph.ordered if "units" in node.op.settings]
    hidden = {f"{layers[0].id}.units": (3, 6, 20)} if len(layers) > 1 else {}
    return {**hidden, "l2": (0.0, 0.001, 0.01, 0.1)}


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _plane(project: Project) -> Plane | None:
    data = project.data
    if data is None or not data.classification or data.features.shape[1:] != (2,):
        return None
    plane = plane_of(data.features, CELLS)
    return plane if isinstance(plane, Plane) else None


def _with(project: Project, name: str, value: Any) -> Project:
    id, _, setting = name.partition(".")
    if setting:
        return edits.set_setting(project, id, setting, value)
    training, data = project.training, project.data
    if name in OF_TRAINING:
        # No rows at once means all of them, no bound no bound at all; a λ of 0 is a λ.
        new: Any = None if value in (None, 0) and name not in PENALTIES else value
        changed = replace(training, **{name: new})
        return edits.set_training(project, checked_settings(changed))
    if name in training.optimizer.settings:
        rule = gates.changed(training.optimizer, name, value)
        return edits.set_training(project, replace(training, optimizer=rule))
    if name == "activation":
        return _bent(project, value)
    if data is not None and name in data.recipe and name not in ("name", "seed"):
        return edits.set_data(project, toys.make(**{**data.recipe, name: value}))
    known = [*OF_TRAINING, "activation", *training.optimizer.settings]
    known += [key for key in (data.recipe if data else ()) if key not in ("name", "seed")]
    known += [f"{node.id}.{key}" for node in project.graph.ordered for key in node.op.settings]
    raise StudioError(
        N_("{name} can't be varied here. These can: {names}."), name=name, names=", ".join(known)
    )


def _bent(project: Project, name: Any) -> Project:
    """Another activation after every hidden layer."""
    op = gates.gate(str(name))
    if op.category != "activation":
        raise StudioError(N_("{name} is no activation."), name=name)
    answer = predicting_node(project)
    for node in project.graph.ordered:
        hidden = node.id != answer and project.graph.readers[node.id]
        if node.op.category == "activation" and hidden:
            project = edits.replace_op(project, node.id, op)
    return project
