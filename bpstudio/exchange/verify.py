"""Whether an export computes what the studio computes: it is run, and the numbers compared."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.initial import starting
from bpstudio.engine.op import Array, Kind
from bpstudio.errors import StudioError
from bpstudio.exchange import fresh, torch_code, weights
from bpstudio.exchange.program import Program, program
from bpstudio.language import _
from bpstudio.project import project as projects
from bpstudio.project.project import Project

PREDICTING = ("onnx", "keras", "c", "page")
"""Exports that predict and have no gradients to compare."""
MOST_ROWS = 256
"""So many rows of the data set are tried."""

TOLERANCES: Mapping[str, float] = {
    "numpy": 1e-12,
    "pytorch": 1e-12,
    "torchrun": 1e-12,
    "onnx": 1e-5,
    "keras": 1e-5,
    "c": 1e-12,
    "page": 1e-12,
}
"""The largest difference that passes, as a share of the largest number, or of 1 if that is more.
ONNX computes in float32, and with JAX and PyTorch so do some functions of Keras, whatever it is
told (`BIT64_TO_BIT32_DTYPE` in keras/src/backend/common/dtypes.py). Weights must come back bit for
bit."""


@dataclass(frozen=True)
class Verification:
    """How far an export's numbers are from the studio's.

    `max_difference` is over all entries of the answers and the loss, `gradient_difference` over
    those of all gradients, where the export has them; both are None where it was not run, and
    `skipped` is the reason.
    """

    max_difference: float | None
    runtime: str
    passed: bool
    gradient_difference: float | None = None
    skipped: str = ""


@dataclass(frozen=True, eq=False)
class Expected:
    """What a program gives on its own rows or values."""

    inputs: Mapping[str, Array]
    targets: tuple[Array, ...]
    answer: Array
    output: Array
    gradients: Mapping[str, Array]


def verify_files(exports: Sequence[tuple[Project, str, Path]]) -> list[Verification]:
    """Verify exported files: (project, format, path) for each, scripts and models in one process.

    Raises FileError where one can't be read or does not run.
    """
    found: dict[int, Verification] = {}
    jobs: dict[int, tuple[fresh.Job, Expected]] = {}
    for place, (project, format, path) in enumerate(exports):
        if format in TOLERANCES:
            told = program(project)
            expected = _expected(told, format)
            rows = bool(told.keys(Kind.FEATURES))
            job = fresh.Job(format, path, expected.inputs, expected.targets, rows)
            jobs[place] = job, expected
        elif f".{format}" in weights.READERS:
            found[place] = _weights(project, format, path)
        else:
            reason = _("there is nothing in it to run.")
            found[place] = Verification(None, "", True, skipped=reason)
    outcomes = fresh.run([job for job, _ in jobs.values()])
    for (place, (job, expected)), outcome in zip(jobs.items(), outcomes, strict=True):
        found[place] = _compared(job.kind, expected, outcome)
    return [found[place] for place in range(len(exports))]


def difference(one: Array, other: Array) -> float:
    """The largest difference of two arrays; infinite if their shapes or their gaps differ."""
    if one.shape != other.shape:
        return math.inf
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(one - other))
    largest = float(np.max(apart, initial=0.0))
    return math.inf if math.isnan(largest) else largest


def _expected(told: Program, format: str) -> Expected:
    data = told.project.data
    rows = None if data is None else _some_rows(len(data))
    given = projects.arguments(told.project, rows)
    recording = _recording(told, given)
    keys = told.keys(Kind.FEATURES)[:1] or told.keys(Kind.GIVEN, Kind.INDEX)
    if format in PREDICTING:
        keys = tuple(key for key in keys if told.answers(key))
    gradients = recording.weight_gradients
    if not told.keys(Kind.FEATURES):
        gradients = {**gradients, **_given_gradients(recording)}
    script = torch_code.Script(told) if format in fresh.TORCH else None
    named = {
        _name(told, key, script): script.as_in_torch(key, gradient) if script else gradient
        for key, gradient in gradients.items()
    }
    return Expected(
        {_name(told, key, script): given[key] for key in keys},
        tuple(given[key] for key in told.keys(Kind.TARGET)),
        recording.values[told.answer],
        recording.values[told.objective],
        named,
    )


def _recording(told: Program, given: Mapping[str, Array]) -> run.Recording:
    project = told.project
    steps = tuple(run.forward(told.graph, given, project.weights, statistics=project.statistics))
    output = next(step.output for step in steps if step.node == told.objective)
    start = {told.objective: np.ones_like(output)}
    return run.Recording(told.graph, steps, tuple(run.backward(steps, start)))


def _given_gradients(recording: run.Recording) -> dict[str, Array]:
    """The gradients of typed values, by key."""
    return {
        f"{step.node}.{port.name}": step.passed[port.name][0]
        for step in recording.backward
        for port in recording.graph[step.node].owned(Kind.GIVEN)
        if port.name in step.passed
    }


def _name(told: Program, key: str, script: torch_code.Script | None) -> str:
    """What the export calls a key."""
    if script is None:
        return told.label(key)
    return script.state_names.get(key) or script.names.values.get(key) or told.label(key)


def _some_rows(count: int) -> Array:
    """Indices of rows, spread over all of them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(np.intp))


def _compared(kind: str, expected: Expected, outcome: fresh.Outcome) -> Verification:
    if outcome.skipped:
        return Verification(None, "", True, skipped=outcome.skipped)
    found, share = outcome.found, TOLERANCES[kind]
    wanted = {
        "answer": expected.answer,
        "reference": expected.answer,
        "output": expected.output,
    }
    away = max(
        difference(_as(found[name], value, kind), value)
        for name, value in wanted.items()
        if name in found
    )
    passed = away <= share * _scale([expected.answer, expected.output])
    if kind in PREDICTING:
        return Verification(away, outcome.runtime, passed)
    gradients = {
        name.partition(":")[2]: value
        for name, value in found.items()
        if name.startswith("gradient:")
    }
    away_back = max(
        (
            difference(gradients.get(name, np.zeros_like(gradient)), gradient)
            for name, gradient in expected.gradients.items()
        ),
        default=0.0,
    )
    passed = passed and away_back <= share * _scale(list(expected.gradients.values()))
    return Verification(away, outcome.runtime, passed, away_back)


def _as(found: Array, wanted: Array, kind: str) -> Array:
    """The numbers of an export; functions of one row give their numbers without axes."""
    numbers = np.asarray(found, dtype=float)
    flat = kind in ("c", "page") and numbers.size == wanted.size
    return numbers.reshape(wanted.shape) if flat else numbers


def _scale(arrays: Sequence[Array]) -> float:
    finite = [array[np.isfinite(array)] for array in arrays]
    return max(1.0, *(float(np.max(np.abs(each), initial=0.0)) for each in finite), 1.0)


def _weights(project: Project, format: str, path: Path) -> Verification:
    """Read a file of weights into a net that started from another seed, and run both."""
    seed = project.training.seed + 1
    whole = projects.complete(project)
    drawn = starting(whole.graph, whole.known_given, seed)
    other = replace(
        whole,
        weights={key: drawn.get(key, value) for key, value in whole.weights.items()},
        statistics={key: drawn.get(key, value) for key, value in whole.statistics.items()},
    )
    loaded = weights.with_weights(other, weights.load_weights(path, f".{format}"))
    pairs = [
        *((whole.weights[key], loaded.weights[key]) for key in whole.weights),
        *((whole.statistics[key], loaded.statistics[key]) for key in whole.statistics),
    ]
    away = max((difference(one, two) for one, two in pairs), default=0.0)
    # Without an answer to compare, as where the network can't run yet, the numbers themselves do.
    with contextlib.suppress(StudioError):
        away = max(away, difference(_answer(whole), _answer(loaded)))
    return Verification(away, _("a fresh net"), away == 0.0)


def _answer(project: Project) -> Array:
    """The answers of a project on its own rows or values."""
    told = program(project)
    data = project.data
    given = projects.arguments(told.project, None if data is None else _some_rows(len(data)))
    return _recording(told, given).values[told.answer]
