"""What tells runs apart: how each of them was trained, in words and numbers, side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from bpstudio.engine.graph import Graph
from bpstudio.language import N_, _
from bpstudio.training.job import Job
from bpstudio.training.line import Run, alike
from bpstudio.training.settings import Settings

_known: WeakKeyDictionary[Run, tuple[Job, ...]] = WeakKeyDictionary()
"""The jobs of runs that are still held elsewhere: a run has its losses and its data with it."""
WORDS = {
    "optimizer": N_("Optimizer"),
    "learning_rate": N_("Learning rate α"),
    "momentum": N_("Momentum μ"),
    "beta1": N_("Memory β₁"),
    "beta2": N_("Memory β₂"),
    "epsilon": N_("Epsilon ε"),
    "batch": N_("Batch"),
    "l2": N_("L2 λ"),
    "l1": N_("L1 λ"),
    "seed": N_("Seed"),
    "frozen": N_("Frozen"),
    "rates": N_("Own rates"),
    "schedule": N_("Schedule"),
    "clip_norm": N_("Clip norm"),
    "clip_value": N_("Clip value"),
}
"""What settings are called; others go by their own names."""

UNSAID = ("stop",)
"""When a run ends makes no difference on the way."""


class Row(NamedTuple):
    """One thing in which runs differ, and what it is in each of them."""

    name: str
    values: tuple[str, ...]


def differences(runs: Sequence[Run]) -> tuple[Row, ...]:
    """In what these runs differ, each as it was at their ends; an arrow tells of a change in one.

    A setting that one of them does not have is empty there.
    """
    columns = [_described(run) for run in runs]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = (Row(name, tuple(column.get(name, "") for column in columns)) for name in names)
    return tuple(
        row for row in rows if len(set(row.values)) > 1 or any("→" in value for value in row.values)
    )


def what_changed(before: Job, after: Job) -> str:
    """In words what is other in the second of two jobs of one run: `Learning rate α 0.1 → 0.01`."""
    one, two = _settings(before.settings), _settings(after.settings)
    parts = [
        f"{name} {one.get(name, '–')} → {value}"
        for name, value in two.items()
        if one.get(name) != value
    ]
    if not (alike(before.given, after.given) and alike(before.test, after.test)):
        parts.append(_("other data"))
    return ", ".join(parts)


def name_of(run: Run) -> str:
    """What a run is called: `Run 3`."""
    return _("Run {number}").format(number=run.id.removeprefix("run"))


def _passed(run: Run) -> tuple[Job, ...]:
    """The job of a run with its changes, in their order."""
    if run not in _known:
        line = run.line
        _known[run] = (line.job, *(line.at(step) for step, _change in line.changes))
    return _known[run]


def _described(run: Run) -> dict[str, str]:
    """Everything that a run was trained with, by its name."""
    jobs = _passed(run)
    described = {_("Network"): _network(run.line.job.graph), _("Data"): _data(jobs)}
    columns = [_settings(job.settings) for job in jobs]
    for name in dict.fromkeys(name for column in columns for name in column):
        values = [column.get(name, "–") for column in columns]
        turns = [v for v, before in zip(values, [None, *values], strict=False) if v != before]
        described[name] = " → ".join(turns)
    return described


def _settings(settings: Settings) -> dict[str, str]:
    described: dict[str, str] = {}
    for field in dataclasses.fields(settings):
        if field.name in UNSAID:
            continue
        value = getattr(settings, field.name)
        described[_word(field.name)] = _said(value)
        if hasattr(value, "settings"):
            for name, number in value.settings.items():
                described[_word(name)] = _said(number)
    return described


def _word(name: str) -> str:
    return _(WORDS.get(name, name.replace("_", " ")))


def _said(value: object) -> str:
    title = getattr(value, "title", None)
    if isinstance(title, str) and not isinstance(value, str):
        return _(title)
    if value is None or value == frozenset() or value == ():
        return "–"
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, tuple):
        return ", ".join(f"{node} ×{factor:g}" for node, factor in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _network(graph: Graph) -> str:
    """How many units each layer has: `4-1`."""
    units = [getattr(node.op, "units", None) for node in graph.ordered]
    said = "-".join(str(count) for count in units if count is not None)
    return said or str(len(graph.nodes))


def _data(jobs: Sequence[Job]) -> str:
    """How many rows there are to train on."""
    counts = [job.rows for job in jobs]
    turns = [c for c, before in zip(counts, [None, *counts], strict=False) if c != before]
    return " → ".join(map(str, turns))
