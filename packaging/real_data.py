"""Writes the real data sets in `resources/data` anew, out of an installed scikit-learn.

    python -m venv sets && sets/bin/pip install scikit-learn
    sets/bin/python packaging/real_data.py

The files beside them say where each comes from and under which licence.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

from sklearn import datasets

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "data"


def iris() -> Iterable[list[str]]:
    """Four lengths in centimetres and the kind of each flower."""
    found = datasets.load_iris()
    yield ["sepal length", "sepal width", "petal length", "petal width", "species"]
    for row, kind in zip(found.data.tolist(), found.target.tolist(), strict=True):
        yield [*map(str, row), str(found.target_names[kind])]


def digits() -> Iterable[list[str]]:
    """Pictures of 8 × 8 pixels, each from 0 to 16, row by row, and the digit."""
    found = datasets.load_digits()
    yield [*(f"r{row}c{column}" for row in range(1, 9) for column in range(1, 9)), "digit"]
    for pixels, digit in zip(found.data.tolist(), found.target.tolist(), strict=True):
        yield [*(f"{pixel:.0f}" for pixel in pixels), str(digit)]


def write(name: str, lines: Iterable[list[str]]) -> None:
    """One table, the same on every system."""
    with (FOLDER / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


if __name__ == "__main__":
    write("iris", iris())
    write("digits", digits())
    sys.exit(0)
