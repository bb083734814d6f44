"""Functions that a NumPy script brings along where its gates call them: of neighbours, of pieces
and of pictures, whose axes are (…, height, width, channels)."""

from __future__ import annotations

from collections.abc import Mapping

BROUGHT: Mapping[str, str] = {
    "column_mean": '''
def column_mean(x):
    """The mean over all axes but the last."""
    return np.mean(x, axis=tuple(range(np.ndim(x) - 1)))
''',
    "largest_of": '''
def largest_of(x, count):
    """The largest of each so many neighbours along the last axis."""
    return np.max(x.reshape(*x.shape[:-1], -1, count), axis=-1)
''',
    "sum_of": '''
def sum_of(x, count):
    """The sum of each so many neighbours along the last axis."""
    return np.sum(x.reshape(*x.shape[:-1], -1, count), axis=-1)
''',
    "reshape": '''
def reshape(x, keep, *size):
    """The same numbers along other axes, but for the first few, which stay."""
    return np.reshape(x, (*x.shape[:keep], *size))
''',
    "unpart": '''
def unpart(g, x, start, axis):
    """The gradient of a piece of x along an axis: 0 where nothing was taken."""
    whole = np.zeros_like(x)
    np.moveaxis(whole, axis, 0)[start : start + g.shape[axis]] = np.moveaxis(g, axis, 0)
    return whole
''',
    "unjoined": '''
def unjoined(slot, g, axis, *parts):
    """The gradient of one of the parts that were set in a row along an axis."""
    start = sum(part.shape[axis] for part in parts[:slot])
    return np.take(g, range(start, start + parts[slot].shape[axis]), axis=axis)
''',
    "convolve": '''
def convolve(x, weight, stride, padding):
    """Each window of x times the weights (size, size, channels, units), added up."""
    size, border = len(weight), [(padding, padding)] * 2 + [(0, 0)]
    x = np.pad(x, [(0, 0)] * (x.ndim - 3) + border)
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    return np.sum([
        x[..., i : i + rows : stride, j : j + columns : stride, :] @ weight[i, j]
        for i in range(size)
        for j in range(size)
    ], axis=0)
''',
    "convolve_to_x": '''
def convolve_to_x(g, weight, x, stride, padding):
    """The gradient of convolve for x: each upstream number goes back through the weights."""
    size, border = len(weight), [(padding, padding)] * 2 + [(0, 0)]
    total = np.zeros_like(np.pad(x, [(0, 0)] * (x.ndim - 3) + border))
    rows, columns = total.shape[-3] - size + 1, total.shape[-2] - size + 1
    for i in range(size):
        for j in range(size):
            total[..., i : i + rows : stride, j : j + columns : stride, :] += g @ weight[i, j].T
    bottom, right = total.shape[-3] - padding, total.shape[-2] - padding
    return total[..., padding:bottom, padding:right, :]
''',
    "convolve_to_weight": '''
def convolve_to_weight(g, x, weight, stride, padding):
    """The gradient of convolve for the weights: what each was multiplied by, times g."""
    size, border = len(weight), [(padding, padding)] * 2 + [(0, 0)]
    x = np.pad(x, [(0, 0)] * (x.ndim - 3) + border)
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    gradient, g = np.zeros_like(weight), g.reshape(-1, g.shape[-1])
    for i in range(size):
        for j in range(size):
            met = x[..., i : i + rows : stride, j : j + columns : stride, :]
            gradient[i, j] = met.reshape(-1, met.shape[-1]).T @ g
    return gradient
''',
    "pool_largest": '''
def pool_largest(x, size, stride):
    """The largest number of each window, for each channel."""
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    return np.max([
        x[..., i : i + rows : stride, j : j + columns : stride, :]
        for i in range(size)
        for j in range(size)
    ], axis=0)
''',
    "unpool_largest": '''
def unpool_largest(g, x, size, stride):
    """The gradient of pool_largest: it goes to the first of the largest numbers."""
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    places = [
        (Ellipsis, slice(i, i + rows, stride), slice(j, j + columns, stride), slice(None))
        for i in range(size)
        for j in range(size)
    ]
    first, total = np.argmax([x[place] for place in places], axis=0), np.zeros_like(x)
    for number, place in enumerate(places):
        total[place] += np.where(first == number, g, 0.0)
    return total
''',
    "pool_mean": '''
def pool_mean(x, size, stride):
    """The mean of each window, for each channel."""
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    return np.mean([
        x[..., i : i + rows : stride, j : j + columns : stride, :]
        for i in range(size)
        for j in range(size)
    ], axis=0)
''',
    "unpool_mean": '''
def unpool_mean(g, x, size, stride):
    """The gradient of pool_mean: every number gets its share."""
    rows, columns = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    total = np.zeros_like(x)
    for i in range(size):
        for j in range(size):
            total[..., i : i + rows : stride, j : j + columns : stride, :] += g / size**2
    return total
''',
}
"""The functions by their names in formulas."""
