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
    total = np.empty([whole[axis] for axis in order], pieces[0].dtype).transpose(back)
    _add_up(total, pieces, size, stride)
    return total[..., padding : padding + height, padding : padding + width, :]


def scatter_into(
    out: Array,
    pieces: Sequence[Array],
    shape: tuple[int, ...],
    size: int,
    stride: int,
    padding: int,
) -> bool:
    """What `scatter_add` gives, straight to where it belongs; False where that can't be done."""
    if padding or out.shape != tuple(shape) or out.dtype != pieces[0].dtype:
        return False
    _add_up(out, pieces, size, stride)
    return True


def pad_into(out: Array, x: Array, width: Sequence[tuple[int, int]], **named: object) -> bool:
    """What `np.pad` gives, straight to where it belongs; False for another padding than zeros."""
    if named or np.ndim(width) != 2 or len(width) != x.ndim:
        return False
    inside = tuple(slice(before, before + n) for (before, _), n in zip(width, x.shape, strict=True))
    if any(
        before + n + after != m
        for (before, after), n, m in zip(width, x.shape, out.shape, strict=True)
    ):
        return False
    out.fill(0)
    out[inside] = x
    return True


def _add_up(total: Array, pieces: Sequence[Array], size: int, stride: int) -> None:
    rows, columns = pieces[0].shape[-3], pieces[0].shape[-2]
    covered = stride == size and total.shape[-3:-1] == (rows * size, columns * size)
    if not covered:
        total.fill(0)
    for place, piece in enumerate(pieces):
        top, left = divmod(place, size)
        down = slice(top, top + stride * rows, stride)
        right = slice(left, left + stride * columns, stride)
        if stride < size:
            total[..., down, right, :] += piece
        else:
            # Windows that do not overlap have every number once.
            total[..., down, right, :] = piece
