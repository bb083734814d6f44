"""The batches of an epoch side by side in one array for each input, feature-major."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpstudio.engine.backprop import Noted
from bpstudio.engine.graph import Graph
from bpstudio.engine.listing import Batch, Thing
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.shapes import no_value
from bpstudio.errors import StudioError
from bpstudio.language import N_

OUTSIDE = (Kind.GIVEN, Kind.FEATURES, Kind.TARGET, Kind.INDEX, Kind.INPUT)
"""What a person or the data set supplies."""


class Batches:
    """Where typed values, features and targets lie.

    `leaves` are their places in a trace, `joined` those of rows of features with a row of ones
    behind them. A step reads its batch where it lies, so nothing is copied between steps.
    """

    def __init__(self, noted: Noted, rows: int) -> None:
        self.rows = rows
        self.leaves: dict[int, Thing] = {}
        self.joined: dict[int, Thing] = {}
        self.batched: dict[str, int] = {}
        self._loaded = False
        self._single: dict[str, Array] = {}
        self._epoch: dict[int, Array] = {}
        self._features: dict[int, int | None] = {}
        for key, leaf in noted.leaves.items():
            value = noted.tape.values[leaf.index]
            if noted.kinds[key] not in OUTSIDE:
                continue
            if value.batched:
                self.batched[key] = leaf.index
                self._place(leaf.index, value.shape, value.dtype)
            else:
                self._single[key] = np.zeros(value.shape, value.dtype)
                self.leaves[leaf.index] = Thing(self._single[key])

    @property
    def count(self) -> int:
        """How many batches are loaded; 1 where no input has a batch."""
        if self._epoch and not self._loaded:
            return 0
        return min((len(epoch) for epoch in self._epoch.values()), default=1)

    def batch(self, index: int) -> Batch:
        """The arrays of one batch."""
        return {leaf: epoch[index] for leaf, epoch in self._epoch.items()}

    def single(self, key: str) -> Array:
        """Where a typed value lies that is the same for the whole batch."""
        return self._single[key]

    def load(self, graph: Graph, arrays: Mapping[str, Array], order: Array | None) -> bool:
        """Lay them out in that order; True if they lie elsewhere now than before."""
        self._load_single(graph, arrays)
        moved, self._loaded = not self._loaded, True
        for key, leaf in self.batched.items():
            source = supplied(graph, arrays, key)
            have = len(source) if order is None else len(order)
            count = have // self.rows
            if not count:
                raise StudioError(
                    N_("A batch has {rows} rows, but there are only {have}. Make it smaller."),
                    rows=self.rows,
                    have=have,
                )
            epoch = self._epoch[leaf]
            if len(epoch) != count:
                epoch = self._epoch[leaf] = np.ones((count, *epoch.shape[1:]), epoch.dtype)
                moved = True
            used = count * self.rows
            picked = source[:used] if order is None else source[order[:used]]
            rows_last = np.moveaxis(picked.reshape(count, self.rows, *source.shape[1:]), 1, -1)
            self._inputs(leaf, epoch, axis=1)[...] = rows_last
        return moved

    def fill(self, graph: Graph, arrays: Mapping[str, Array], rows: slice) -> None:
        """Put some rows into the first batch; what lies behind them there stays."""
        self._load_single(graph, arrays)
        for key, leaf in self.batched.items():
            picked = supplied(graph, arrays, key)[rows]
            place = self._inputs(leaf, self._epoch[leaf][0], axis=0)
            # As `np.moveaxis` has it, in a fraction of its time.
            place[..., : len(picked)] = picked.transpose(*range(1, picked.ndim), 0)

    def _load_single(self, graph: Graph, arrays: Mapping[str, Array]) -> None:
        for key, place in self._single.items():
            place[...] = supplied(graph, arrays, key)

    def _inputs(self, leaf: int, array: Array, axis: int) -> Array:
        """What lies before the row of ones, if there is one."""
        count = self._features[leaf]
        return array if count is None else array[(slice(None),) * axis + (slice(count),)]

    def _place(self, leaf: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        count = shape[1] if len(shape) == 2 else None
        laid = shape[1:] if count is None else (count + 1,)
        self._features[leaf] = count
        self._epoch[leaf] = np.ones((1, *laid, self.rows), dtype)

        def whole(batch: Batch) -> Array:
            return np.moveaxis(batch[leaf], -1, 0)

        def inputs(batch: Batch) -> Array:
            return np.moveaxis(self._inputs(leaf, batch[leaf], axis=0), -1, 0)

        self.leaves[leaf] = Thing(inputs(self.batch(0)), inputs)
        if count is not None:
            self.joined[leaf] = Thing(whole(self.batch(0)), whole)


def supplied(graph: Graph, arrays: Mapping[str, Array], key: str) -> Array:
    """The array of that key; raises GraphError if there is none."""
    if key not in arrays:
        id, port = key.split(".")
        raise no_value(graph[id], port)
    return np.asarray(arrays[key])
