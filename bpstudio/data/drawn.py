"""Points that a person draws: each gesture gives a new data set.

Points can be drawn over two inputs with classes, and over one input with one value to learn; a
place is then the two inputs, or the input and the value. What is drawn on no longer is what its
recipe makes, so it has none; new points are for training.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpstudio.data.dataset import Array, Dataset

NAME = "drawn"
MOST_POINTS = 100_000
"""A set of more rows is not drawn on."""

Place = tuple[float, float]


def blank() -> Dataset:
    """One point of each of two classes, to begin with."""
    return Dataset(NAME, np.array([[-0.5, -0.5], [0.5, 0.5]]), np.array([0, 1]), ("0", "1"))


def drawable(data: Dataset) -> bool:
    """Whether points can be drawn on this set; see the module."""
    if data.features.ndim != 2 or not 0 < len(data) <= MOST_POINTS:
        return False
    if data.classification:
        return bool(data.features.shape[1] == 2)
    return bool(data.features.shape[1] == 1 and data.answers.shape[1] == 1)


def brushed(data: Dataset, place: Place, kind: int = 0) -> Dataset:
    """The set with one more point there, of that class where there are classes."""
    if data.classification:
        row, answer = np.array([place]), np.array([kind])
    else:
        row, answer = np.array([[place[0]]]), np.array([[place[1]]])
    return _own(
        data,
        np.concatenate([data.features, row]),
        np.concatenate([data.answers, answer]),
        np.append(data.held_out, False),
    )


def erased(data: Dataset, place: Place, reach: Place) -> Dataset:
    """The set without the points inside the ellipse around a place; `reach` are its half axes.

    The last point to train on stays.
    """
    across, down = (points_of(data) - place).T / np.array(reach)[:, None]
    gone = across**2 + down**2 <= 1
    left = ~gone
    if not gone.any():
        return data
    if not (left & ~data.held_out).any():
        left[data.training_rows[0]] = True
    if left.all():
        return data
    return _own(data, data.features[left], data.answers[left], data.held_out[left])


def moved(data: Dataset, row: int, place: Place) -> Dataset:
    """The set with the point of that row at another place."""
    features, answers = data.features.copy(), data.answers.copy()
    if data.classification:
        features[row] = place
    else:
        features[row], answers[row] = place
    return _own(data, features, answers, data.held_out)


def points_of(data: Dataset) -> Array:
    """Where its points are drawn, shape (rows, 2)."""
    if data.classification:
        return data.features
    return np.concatenate([data.features, data.answers], axis=1)


def _own(data: Dataset, features: Array, answers: Array, held_out: Array) -> Dataset:
    name = NAME if data.recipe else data.name
    return replace(
        data, name=name, features=features, answers=answers, held_out=held_out, recipe={}
    )
