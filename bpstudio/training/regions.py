"""What a decision looks like over the input plane: into how many pieces it cuts it, and where.

The counts are those of a grid of cells, each with the class that is answered there; cells are
neighbours across an edge.
"""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array


def region_count(classes: Array) -> int:
    """How many connected regions of one class there are; `classes` has shape (lines, columns)."""
    labels = np.arange(classes.size).reshape(classes.shape)
    across = classes[:, 1:] == classes[:, :-1]
    down = classes[1:] == classes[:-1]
    while True:
        before = labels
        low = labels.copy()
        _take_lower(low[:, 1:], labels[:, :-1], across)
        _take_lower(low[:, :-1], labels[:, 1:], across)
        _take_lower(low[1:], labels[:-1], down)
        _take_lower(low[:-1], labels[1:], down)
        # A cell's label is itself a cell: its label is lower still, and one gets there at once.
        flat = low.ravel()
        np.minimum.at(flat, before.ravel(), low.ravel())
        labels = flat[flat].reshape(classes.shape)
        if np.array_equal(labels, before):
            return len(np.unique(labels))


def boundary_length(classes: Array) -> int:
    """How many edges between neighbouring cells have another class on each side."""
    across = classes[:, 1:] != classes[:, :-1]
    down = classes[1:] != classes[:-1]
    return int(across.sum() + down.sum())


def classes_of(outputs: Array, cells: int, boundary: float) -> Array:
    """The class answered in each cell, from outputs (points, units) in the order of a plane.

    Several outputs say it by the largest, one by the side of the `boundary` on which it lies.
    """
    if outputs.shape[1] > 1:
        answered = outputs.argmax(axis=1)
    else:
        answered = (outputs[:, 0] >= boundary).astype(int)
    return np.asarray(answered.reshape(cells, cells))


def _take_lower(labels: Array, others: Array, where: Array) -> None:
    np.minimum(labels, others, out=labels, where=where)
