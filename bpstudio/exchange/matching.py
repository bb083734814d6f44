"""Weights from elsewhere put into a network that has the same layers.

Where the keys are the network's own, they are taken by key. Otherwise arrays that share the first
part of their name are a layer, layers follow each other in the file's order, and a weight whose
axes stand the other way round, as PyTorch has them, is turned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.errors import FileError
from bpstudio.exchange.weights import with_weights
from bpstudio.language import N_
from bpstudio.project.project import Project, complete

ALSO: Mapping[str, tuple[str, ...]] = {
    "weight": ("weight", "kernel", "w"),
    "bias": ("bias", "b", "beta"),
    "scale": ("scale", "weight", "gamma"),
    "mean": ("mean", "running_mean", "moving_mean"),
    "variance": ("variance", "running_var", "moving_variance", "var"),
}
"""What other programs call the arrays of a layer, for each port of ours."""
ASIDE = ("num_batches_tracked",)


def with_any_weights(project: Project, arrays: Mapping[str, Array]) -> Project:
    """The project with these weights, under its own keys or those of another program.

    Raises FileError where the layers are not the network's.
    """
    whole = complete(project)
    kept = {key: array for key, array in arrays.items() if not key.endswith(ASIDE)}
    if kept.keys() == {**whole.weights, **whole.statistics}.keys():
        return with_weights(whole, kept)
    wanted = _layers_of(whole)
    given = _grouped(kept)
    if len(wanted) != len(given):
        raise FileError(
            N_("The file has {have} layers with weights, but the network has {wanted}."),
            have=len(given),
            wanted=len(wanted),
        )
    found: dict[str, Array] = {}
    # A square weight can't show how it lies, so the first one that is not square says it for all.
    turned = any(
        _lies_turned(whole, ports, layer) for ports, layer in zip(wanted, given, strict=True)
    )
    for ports, layer in zip(wanted, given, strict=True):
        for key in ports:
            found[key] = _taken(whole, key, layer, turned=turned)
    return with_weights(whole, found)


def _layers_of(project: Project) -> list[list[str]]:
    """For each node that owns weights the keys of what it owns."""
    owned = [
        [f"{node.id}.{port.name}" for port in node.owned(Kind.WEIGHT, Kind.STATISTIC)]
        for node in project.graph.ordered
    ]
    return [keys for keys in owned if keys]


def _grouped(arrays: Mapping[str, Array]) -> list[dict[str, Array]]:
    """The arrays by layer; numbers in names count as numbers."""
    groups: dict[str, dict[str, Array]] = {}
    for key in sorted(arrays, key=_natural):
        stem, _, name = re.sub(r"[/]", ".", key).rpartition(".")
        groups.setdefault(stem or key, {})[name.lower()] = arrays[key]
    return list(groups.values())


def _natural(key: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", key)]


def _lies_turned(project: Project, keys: Sequence[str], layer: Mapping[str, Array]) -> bool:
    for key in keys:
        array = _named(key, layer)
        mine = {**project.weights, **project.statistics}[key].shape
        if array is not None and array.ndim == 2 and len(set(mine)) == 2:
            return bool(array.shape == mine[::-1])
    return False


def _named(key: str, layer: Mapping[str, Array]) -> Array | None:
    port = key.partition(".")[2]
    names = ALSO.get(port, (port,))
    return next((layer[name] for name in names if name in layer), None)


def _taken(project: Project, key: str, layer: Mapping[str, Array], *, turned: bool) -> Array:
    array = _named(key, layer)
    mine = {**project.weights, **project.statistics}[key]
    if array is None:
        if key.endswith(".bias"):
            return np.zeros(mine.shape)
        raise FileError(
            N_("The file has nothing for {key} of the network."),
            nodes=(key.partition(".")[0],),
            key=key,
        )
    if array.ndim == 2 and turned:
        return array.T
    if array.ndim == 4 and array.shape != mine.shape:
        return array.transpose(2, 3, 1, 0)
    return array
