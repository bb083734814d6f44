"""Memory for buffers: aligned to the lines of the cache, used again, and its order of axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.engine.op import Array

LINE = 64
"""Bytes in a line of the processor's cache."""


@dataclass
class Pool:
    """Memory that is free again, in bytes."""

    free: list[Array] = field(default_factory=list)

    def take(self, size: int) -> Array:
        """Flat memory of at least that many bytes, the smallest that is free or new."""
        fitting = [flat for flat in self.free if size <= flat.size <= 2 * size]
        if not fitting:
            return aligned(size, np.dtype(np.uint8))
        best = min(fitting, key=lambda flat: flat.size)
        self.free = [flat for flat in self.free if flat is not best]
        return best

    def give(self, flat: Array) -> None:
        """Nobody reads it any more."""
        self.free.append(flat)


def aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """A vector of zeros that begins where a line of the cache does."""
    length = size * dtype.itemsize
    room = np.zeros(length + LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % LINE
    return room[start : start + length].view(dtype)


def memory_order(array: Array) -> tuple[int, ...]:
    """The axes from the slowest to the fastest in memory."""
    strides = [abs(s) for s in array.strides]
    return tuple(sorted(range(array.ndim), key=lambda axis: -strides[axis]))


def in_order(rank: int, order: tuple[int, ...]) -> Callable[[Array], Array]:
    """An operand with as many axes as the result, in the result's order of memory."""

    def look(array: Array) -> Array:
        padded = array.reshape((1,) * (rank - array.ndim) + array.shape)
        return padded.transpose(order)

    return look
