"""A data set as a value: rows of features and what belongs to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bpstudio.errors import ShapeError
from bpstudio.language import N_

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Column:
    """A column of a table as it was read: what a new row of that table needs as well.

    A column of texts has its `categories` and gives one feature for each, or one for two. `fill`
    stands for a missing cell: a number, or a category; None where a missing cell is wrong. The
    numbers of a normalised column are (x − mean) / deviation, those of the rows to train on.
    """

    name: str
    categories: tuple[str, ...] = ()
    fill: float | str | None = None
    mean: float = 0.0
    deviation: float = 1.0


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of features with a class or with values for each.

    `features` has shape (rows, features). For a classification `answers` holds the class of each
    row as an integer, shape (rows,), and `classes` their names; for a regression `answers` has
    shape (rows, values) and `classes` is empty. `held_out` marks the rows kept for testing.
    `recipe` is how a made data set was made (its name, points, noise, seed), so that it can be
    made again with another setting; empty for points that a person drew or a table. `columns` are
    the columns of the table from which the features were read, in their order; empty for a set
    that comes from no table.
    """

    name: str
    features: Array
    answers: Array
    classes: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    held_out: Array = field(default_factory=lambda: np.zeros(0, dtype=bool))
    recipe: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the arrays and fill in what was left out."""
        rows = len(self.features)
        held_out = self.held_out if len(self.held_out) else np.zeros(rows, dtype=bool)
        names = self.feature_names or tuple(f"x{i + 1}" for i in range(self.features.shape[1]))
        object.__setattr__(self, "held_out", held_out)
        object.__setattr__(self, "feature_names", names)
        for array in (self.features, self.answers, self.held_out):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.features)

    @property
    def classification(self) -> bool:
        """Whether the answers are classes."""
        return bool(self.classes)

    @cached_property
    def training_rows(self) -> Array:
        """The indices of the rows to train on."""
        return np.flatnonzero(~self.held_out)

    @cached_property
    def test_rows(self) -> Array:
        """The indices of the rows kept for testing; without a split there are none."""
        return np.flatnonzero(self.held_out)

    def targets(self, width: int) -> Array:
        """The answers as a network of `width` outputs learns them, shape (rows, width).

        Two classes fit one output as 0 and 1; any number of classes fits as many outputs, one-hot.
        Raises ShapeError where the width does not fit.
        """
        if not self.classification:
            if self.answers.shape[1] == width:
                return self.answers
            raise ShapeError(
                N_(
                    "{data} has {have} values per row to learn, but the network gives {width}. "
                    "Change the number of units of the last layer."
                ),
                data=self.name,
                have=self.answers.shape[1],
                width=width,
            )
        if width == 1 and len(self.classes) == 2:
            return self.answers[:, None].astype(float)
        if width == len(self.classes):
            return np.eye(width)[self.answers]
        raise ShapeError(
            N_(
                "{data} has {have} classes, but the network gives {width} numbers per row. "
                "Change the number of units of the last layer."
            ),
            data=self.name,
            have=len(self.classes),
            width=width,
        )
