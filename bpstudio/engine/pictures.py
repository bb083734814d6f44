"""What formulas say of pictures, in the plainest way: one window, one place after the other.

Pictures have the axes (…, height, width, channels). The gates compute the same in a faster way;
that both agree is tested.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpstudio.engine.op import Array


def convolve(x: Array, weight: Array, stride: Array, padding: Array) -> Array:
    """Each window of x times the weights (size, size, channels, units), added up."""
    padded = _padded(x, int(padding))
    size, step = weight.shape[0], int(stride)
    parts = (_picked(padded, i, j, size, step) @ weight[i, j] for i, j in _places(size))
    return np.asarray(sum(parts))


def convolve_to_x(g: Array, weight: Array, x: Array, stride: Array, padding: Array) -> Array:
    """The gradient of `convolve` for x: each upstream number goes back through the weights."""
    edge, size = int(padding), weight.shape[0]
    total = np.zeros_like(_padded(x, edge))
    for i, j in _places(size):
        _picked(total, i, j, size, int(stride))[...] += g @ weight[i, j].T
    return total[..., edge : edge + x.shape[-3], edge : edge + x.shape[-2], :]


def convolve_to_weight(g: Array, x: Array, weight: Array, stride: Array, padding: Array) -> Array:
    """The gradient of `convolve` for the weights: what each of them was multiplied by, times g."""
    padded, size = _padded(x, int(padding)), weight.shape[0]
    units = g.reshape(-1, g.shape[-1])
    gradient = np.zeros(weight.shape)
    for i, j in _places(size):
        met = _picked(padded, i, j, size, int(stride))
        gradient[i, j] = met.reshape(-1, met.shape[-1]).T @ units
    return gradient


def pool_largest(x: Array, size: Array, stride: Array) -> Array:
    """The largest number of each window, for each channel."""
    return np.max(_each(x, int(size), int(stride)), axis=0)  # type: ignore[no-any-return]


def unpool_largest(g: Array, x: Array, size: Array, stride: Array) -> Array:
    """The gradient of `pool_largest`: it goes to the first of the largest numbers."""
    window, step = int(size), int(stride)
    first = np.argmax(_each(x, window, step), axis=0)
    total = np.zeros_like(x)
    for place, (i, j) in enumerate(_places(window)):
        _picked(total, i, j, window, step)[...] += np.where(first == place, g, 0.0)
    return total


def pool_mean(x: Array, size: Array, stride: Array) -> Array:
    """The mean of each window, for each channel."""
    return np.mean(_each(x, int(size), int(stride)), axis=0)  # type: ignore[no-any-return]


def unpool_mean(g: Array, x: Array, size: Array, stride: Array) -> Array:
    """The gradient of `pool_mean`: every number gets its share."""
    window, step = int(size), int(stride)
    total = np.zeros_like(x)
    for i, j in _places(window):
        _picked(total, i, j, window, step)[...] += g / window**2
    return total


def _places(size: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(size) for j in range(size))


def _each(x: Array, size: int, stride: int) -> Array:
    """For every place within a window, row by row, what all windows have there."""
    return np.stack([_picked(x, i, j, size, stride) for i, j in _places(size)])


def _picked(x: Array, i: int, j: int, size: int, stride: int) -> Array:
    """What all windows have at row i and column j."""
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    return x[..., i : i + rows : stride, j : j + columns : stride, :]


def _padded(x: Array, padding: int) -> Array:
    width = [(0, 0)] * (x.ndim - 3) + [(padding, padding)] * 2 + [(0, 0)]
    return np.pad(x, width)
