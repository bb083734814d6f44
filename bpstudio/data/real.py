"""Real data sets that come with the program; `resources/data` says where each is from."""

from __future__ import annotations

import csv
from functools import cache
from itertools import islice

import numpy as np

from bpstudio import resources
from bpstudio.data.dataset import Array

IRIS = ("setosa", "versicolor", "virginica")
IRIS_NAMES = ("sepal length", "sepal width", "petal length", "petal width")
DIGITS = tuple("0123456789")
DIGITS_NAMES = tuple(f"r{row}c{column}" for row in range(1, 9) for column in range(1, 9))
_INK = 16.0


def iris(rng: np.random.Generator, points: int) -> tuple[Array, Array]:
    """150 flowers of three species: length and width of sepal and petal in centimetres."""
    features, answers = _table("iris", IRIS)
    return features.copy(), answers.copy()


def digits(rng: np.random.Generator, points: int) -> tuple[Array, Array]:
    """1,797 handwritten digits as 8 × 8 pixels from 0 to 1, row by row."""
    features, answers = _table("digits", DIGITS)
    return features / _INK, answers.copy()


@cache
def _table(name: str, classes: tuple[str, ...]) -> tuple[Array, Array]:
    """The columns before the last as numbers, and the places of the last among the classes."""
    place = {kind: index for index, kind in enumerate(classes)}
    with resources.path("data", f"{name}.csv").open(encoding="utf-8", newline="") as file:
        lines = list(islice(csv.reader(file), 1, None))
    features = np.array([[float(cell) for cell in line[:-1]] for line in lines])
    return features, np.array([place[line[-1]] for line in lines])
