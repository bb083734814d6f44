"""How a column of a table becomes numbers: what new rows of the same table need as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpstudio.data.dataset import Array, Column


def width(column: Column) -> int:
    """How many features the column gives: two categories are told by one number."""
    count = len(column.categories)
    return 1 if count <= 2 else count


def feature_names(columns: Sequence[Column]) -> tuple[str, ...]:
    """What the features are called: `colour = red` for a category."""
    names: list[str] = []
    for column in columns:
        if not column.categories:
            names.append(column.name)
        else:
            shown = column.categories[-1:] if width(column) == 1 else column.categories
            names += [f"{column.name} = {category}" for category in shown]
    return tuple(names)


def one_hot(places: Array, count: int) -> Array:
    """Features of places among `count` categories, shape (rows, 1) for two, else (rows, count)."""
    if count <= 2:
        return np.asarray(places == count - 1, dtype=np.float64)[:, None]
    return np.asarray(places[:, None] == np.arange(count), dtype=np.float64)


def scaled(features: Array, columns: Sequence[Column]) -> Array:
    """Features as the network reads them: (x − mean) / deviation of each column's."""
    mean, deviation = scaling(columns)
    if not (mean.any() or (deviation != 1).any()):
        return features
    shifted: Array = features - mean
    shifted /= deviation
    return shifted


def unscaled(features: Array, columns: Sequence[Column]) -> Array:
    """The other way round than `scaled`."""
    mean, deviation = scaling(columns)
    raw: Array = features * deviation + mean
    return raw


def scaling(columns: Sequence[Column]) -> tuple[Array, Array]:
    """The mean and the deviation of each feature, each of shape (features,); 0 and 1 if it is not
    normalised."""
    mean = [column.mean for column in columns for _ in range(width(column))]
    deviation = [column.deviation for column in columns for _ in range(width(column))]
    return np.array(mean, dtype=np.float64), np.array(deviation, dtype=np.float64)


def is_scaled(columns: Sequence[Column]) -> bool:
    """Whether any column is normalised."""
    return any(column.mean != 0 or column.deviation != 1 for column in columns)
