"""The gates and data sets of plugins, put into the same tables as ours."""

from __future__ import annotations

import numpy as np

import bpstudio.engine.ops  # noqa: F401 - ours are there first
from bpstudio import plugins
from bpstudio.data import fencing, toys
from bpstudio.data.toys import ALIASES, TOYS, Toy
from bpstudio.engine import run
from bpstudio.engine.op import Kind, Op, catalog
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.plugins import Plugin

CATEGORIES = ("source", "arithmetic", "activation", "layer", "normalize", "reshape", "loss")
"""The categories that a gate may have; the palette has a place for each."""
_FEW = 8
_SHAPE = (2, 3)


def load() -> None:
    """Bring in every gate and every data set that a plugin offers, once."""
    plugins.load(plugins.GATES, _take_gate)
    plugins.load(plugins.DATA, _take_data)


def _take_gate(plugin: Plugin) -> None:
    """A class enters the catalog as it is made; what can't stay there is taken out again."""
    before = dict(catalog)
    known = before.get(plugin.name)
    if known is not None and known.__module__ != plugin.module:
        raise StudioError(
            N_("There is a gate called {name} already, in {module}. One needs another name."),
            name=plugin.name,
            module=known.__module__,
        )
    try:
        found = plugin.load()
    except BaseException:
        catalog.clear()
        catalog.update(before)
        raise
    try:
        _check_gate(plugin, found)
    except BaseException:
        for name in [name for name, kind in catalog.items() if kind is found]:
            del catalog[name]
        raise
    fencing.fence(plugin, catalog[plugin.name])


def _check_gate(plugin: Plugin, found: object) -> None:
    """Refuse what would fail later, in the palette or when a file is opened."""
    if not (isinstance(found, type) and issubclass(found, Op)) or found is Op:
        raise StudioError(N_("{target} is no gate; a gate is a class made from Op."), **_at(plugin))
    if found.name != plugin.name:
        raise StudioError(
            N_("{target} is called {own} in files, so its entry point must be {own} too."),
            own=found.name,
            **_at(plugin),
        )
    if found.category not in CATEGORIES:
        raise StudioError(
            N_("{target} has the category {category}. There are: {names}."),
            category=found.category,
            names=", ".join(CATEGORIES),
            **_at(plugin),
        )
    made = found()  # its settings have defaults that they may have
    if not made.face:
        raise StudioError(N_("{target} needs a symbol or a title."), **_at(plugin))
    if not made.samples and all(p.kind is Kind.INPUT and not p.variadic for p in made.ports):
        _run_once(made)


def _run_once(op: Op) -> None:
    """Forward and backward at arrays of one shape, which every gate of plain ports takes.

    What fails here would fail wherever the gate is drawn as a curve.
    """
    values = {port.name: np.full(_SHAPE, 0.5) for port in op.ports}
    with np.errstate(all="ignore"):
        output = np.asarray(op.forward(*values.values()))
    run.pull_back(run.Step("gate", op, {}, values, output), np.ones(output.shape))


def _take_data(plugin: Plugin) -> None:
    if plugin.name in (*TOYS, *ALIASES):
        raise StudioError(
            N_("There is a data set called {name} already. One needs another name."),
            name=plugin.name,
        )
    found = plugin.load()
    if not isinstance(found, Toy):
        raise StudioError(N_("{target} is no data set; a data set is a Toy."), **_at(plugin))
    TOYS[plugin.name] = found
    try:
        toys.make(plugin.name, points=_FEW if "points" in found.settings else None)
    except BaseException:
        del TOYS[plugin.name]
        raise


def _at(plugin: Plugin) -> dict[str, str]:
    return {"target": plugin.target}
