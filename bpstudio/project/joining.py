"""Many small arrays as a few long ones: a network may have more of them than a file has entries.

A file says what it joined: `{"array": "joined-f8", "pieces": [["x1.value", [4]], …]}` at `joined`
of `project.json`. The pieces of an array lie in it one after the other and fill it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import N_
from bpstudio.project.container import is_array_name, refusal
from bpstudio.project.records import JoinedRecord

MOST_ALONE = 1_000
"""So many arrays lie in a file of their own each, where everybody finds them by their names."""
LARGEST_PIECE = 2**20
"""Bytes; of larger arrays there is room for too few to run out of entries."""


def joined(arrays: Mapping[str, Array]) -> tuple[list[JoinedRecord], dict[str, Array]]:
    """The arrays as a file holds them, and what was joined; few arrays stay as they are."""
    if len(arrays) <= MOST_ALONE:
        return [], dict(arrays)
    alike: dict[str, list[str]] = {}
    for name in sorted(arrays):
        array = arrays[name]
        if array.nbytes <= LARGEST_PIECE:
            alike.setdefault(f"joined-{array.dtype.kind}{array.dtype.itemsize}", []).append(name)
    joining = {name for names in alike.values() for name in names}
    held = {name: array for name, array in arrays.items() if name not in joining}
    records = []
    for long, names in sorted(alike.items()):
        while long in arrays:
            long += "-"
        held[long] = np.concatenate([arrays[name].reshape(-1) for name in names])
        pieces = [(name, list(arrays[name].shape)) for name in names]
        records.append(JoinedRecord(long, pieces))
    return records, held


def separated(arrays: Mapping[str, Array], records: Sequence[JoinedRecord]) -> dict[str, Array]:
    """The arrays by their own names. Raises FileError where the pieces do not fill what is there.

    No number is in two pieces, so what is made is never larger than what was read.
    """
    found = dict(arrays)
    for record in records:
        place = f"project.json.joined.{record.array}"
        long = found.pop(record.array, None)
        if long is None or record.array not in arrays:
            raise refusal(
                place, N_("there is no arrays/{name}.npy in the file."), name=record.array
            )
        claimed = sum(math.prod(shape) for _name, shape in record.pieces)
        if long.ndim != 1 or claimed != len(long):
            raise refusal(
                place,
                N_("its pieces have {claimed} numbers together, but the array has {count}."),
                claimed=claimed,
                count=long.size,
            )
        end = 0
        for name, shape in record.pieces:
            if not is_array_name(name):
                raise refusal(place, N_("an entry of this name does not belong into a project."))
            if name in found:
                raise refusal(f"arrays/{name}.npy", N_("this name stands twice in the file."))
            start, end = end, end + math.prod(shape)
            found[name] = _shaped(long[start:end], shape, place)
    return found


def _shaped(piece: Array, shape: Sequence[int], place: str) -> Array:
    try:
        whole: Array = piece.reshape(shape).copy()
    except (ValueError, OverflowError):
        raise refusal(place, N_("an array can't have {count} axes."), count=len(shape)) from None
    whole.flags.writeable = False
    return whole
