"""Windows of pictures: small squares that slide over arrays of (…, height, width, channels)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpstudio.engine.memory import memory_order
from bpstudio.engine.op import Array


def steps(length: int, size: int, stride: int) -> int:
    """How many places a window of that size has along an axis."""
    return (length - size) // stride + 1


def padded(x: Array, padding: int) -> Array:
    """The pictures with so many zeros on every side."""
    if not padding:
        return x
    width = (*((0, 0),) * (x.ndim - 3), (padding, padding), (padding, padding), (0, 0))
    return np.pad(x, width)


def windows(x: Array, size: int, stride: int) -> Array:
    """A view of every window, of shape (…, rows, columns, channels, size, size)."""
    seen = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(-3, -2))
    places: Array = seen[..., ::stride, ::stride, :, :, :]
    return places


def scatter_add(
    pieces: Sequence[Array], shape: tuple[int, ...], size: int, stride: int, padding: int
) -> Array:
    """What lies in every window added up where the window took it from.

    It is to `windows` what a gradient is to its gate. `pieces` has for each place within a window,
    row by row, an array of shape (…, rows, columns, channels); `shape` is that of the pictures
    without their padding.
    """
    if not isinstance(pieces[0], np.ndarray):
        # Arrays that only note what is done to them take it as one function.
        arguments = (tuple(pieces), shape, size, stride, padding)
        noted: Array = pieces[0].__array_function__(scatter_add, (), arguments, {})
        return noted
    *front, height, width, channels = shape
    whole = (*front, height + 2 * padding, width + 2 * padding, channels)
    # In memory as the pieces lie, so that adding goes along both.
    order = memory_order(pieces[0])
    back = np.argsort(order, kind="stable")
    total = np.zeros([whole[axis] for axis in order], pieces[0].dtype).transpose(back)
    rows, columns = pieces[0].shape[-3], pieces[0].shape[-2]
    for place, piece in enumerate(pieces):
        top, left = divmod(place, size)
        down = slice(top, top + stride * rows, stride)
        right = slice(left, left + stride * columns, stride)
        if stride < size:
            total[..., down, right, :] += piece
        else:
            # Windows that do not overlap have every number once.
            total[..., down, right, :] = piece
    return total[..., padding : padding + height, padding : padding + width, :]
