"""A table in a file as a data set, or as rows of inputs to predict for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bpstudio.data.dataset import Array, Dataset
from bpstudio.data.delimited import (
    LONGEST_NAME,
    MISSING,
    Record,
    Sheet,
    file_name,
    is_number,
    open_sheet,
    quoted,
    read_bytes,
)
from bpstudio.data.split import held_out_rows
from bpstudio.errors import FileError
from bpstudio.language import N_

MOST_CLASSES = 1000
FEWEST_TO_SPLIT = 10
"""A table of fewer rows is kept whole for training."""

_NUMBERED_CLASSES = 10
_BLOCK = 4096


def read(
    path: Path | str,
    *,
    target: str | None = None,
    held_out: float = 0.2,
    seed: int = 1,
) -> Dataset:
    """The table as a data set: its last column, or the one called `target`, is what to learn.

    A column of texts, or of at most ten different whole numbers that repeat, is one of classes;
    other numbers are values. Raises FileError with the line for anything that is not a finite
    number where one must be.
    """
    path = Path(path)
    sheet = open_sheet(read_bytes(path), file_name(path))
    return dataset(sheet, _stem(path), target=target, held_out=held_out, seed=seed)


def parse(text: str, name: str, *, target: str | None = None, held_out: float = 0.2) -> Dataset:
    """A pasted table as a data set; see `read`."""
    return dataset(open_sheet(text.encode(), name), name, target=target, held_out=held_out, seed=1)


def read_features(path: Path | str, names: Sequence[str] = ()) -> Array:
    """The inputs called `names`, in that order, one row for each line: shape (rows, names).

    A table whose header has all the names may have other columns too; one without them must have
    exactly as many columns. Without names all columns are inputs. Raises FileError.
    """
    path = Path(path)
    sheet = open_sheet(read_bytes(path), file_name(path))
    columns: Sequence[int] = range(len(sheet.names))
    if names and sheet.named and set(names) <= set(sheet.names):
        columns = [sheet.names.index(name) for name in names]
    elif names and len(sheet.names) != len(names):
        raise FileError(
            N_("{file} has {have} columns, but the network takes {width}: {names}."),
            file=sheet.file,
            have=len(sheet.names),
            width=len(names),
            names=", ".join(names),
        )
    numbers, _, _ = _collect(sheet, columns, None)
    return numbers


def dataset(sheet: Sheet, name: str, *, target: str | None, held_out: float, seed: int) -> Dataset:
    """The data set in an opened table; see `read`."""
    learned = _target_column(sheet, target)
    inputs = [i for i in range(len(sheet.names)) if i != learned]
    features, labels, lines = _collect(sheet, inputs, learned)
    answers, classes = _answers(sheet, learned, labels, lines)
    share = held_out if len(features) >= FEWEST_TO_SPLIT else 0.0
    return Dataset(
        name=name,
        features=features,
        answers=answers,
        classes=classes,
        feature_names=tuple(sheet.names[i] for i in inputs),
        held_out=held_out_rows(len(features), share, seed, answers if classes else None),
    )


def _stem(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)


def _target_column(sheet: Sheet, target: str | None) -> int:
    if len(sheet.names) < 2:
        raise FileError(
            N_(
                "{file} has one column only. It needs at least one column of inputs and one to "
                "learn, with a comma, a semicolon or a tab between them."
            ),
            file=sheet.file,
        )
    if target is None:
        return len(sheet.names) - 1
    if target in sheet.names:
        return sheet.names.index(target)
    raise FileError(
        N_("{file} has no column called {target}. It has: {names}."),
        file=sheet.file,
        target=target,
        names=", ".join(sheet.names[:50]),
    )


def _collect(
    sheet: Sheet, columns: Sequence[int], text_column: int | None
) -> tuple[Array, list[str], list[int]]:
    """The numbers of these columns, shape (rows, columns); the text column's cells; the lines."""
    numbers = _Numbers(sheet)
    blocks, texts, lines = [], [], []
    known: dict[str, str] = {}
    for block in _blocks(sheet.records):
        where = [record.line for record in block]
        blocks.append(
            np.stack([numbers.column(block, i) for i in columns], axis=1)
            if columns
            else np.zeros((len(block), 0))
        )
        lines += where
        if text_column is not None:
            # A class name stands in many rows and is kept once.
            texts += [known.setdefault(r.cells[text_column], r.cells[text_column]) for r in block]
    if not blocks:
        raise FileError(N_("{file} has a line of names but no rows below it."), file=sheet.file)
    return np.concatenate(blocks), texts, lines


def _blocks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while block := list(islice(records, _BLOCK)):
        yield block


@dataclass
class _Numbers:
    """Reads cells as numbers, and remembers which decimal mark the file uses."""

    sheet: Sheet
    mark: str = ""

    def column(self, block: list[Record], index: int) -> Array:
        """The numbers of one column of a block; raises FileError for the first that is none."""
        cells = [record.cells[index] for record in block]
        commas = self.sheet.delimiter != "," and any("," in cell for cell in cells)
        if not commas and self.mark != ",":
            try:
                values = np.array([float(cell) for cell in cells])
            except ValueError:
                values = np.array([np.nan])
            # float() also takes 1_000, which no table means as a number.
            if np.isfinite(values).all() and not any("_" in cell for cell in cells):
                self.mark = self.mark or ("." if any("." in cell for cell in cells) else "")
                return values
        return np.array([self.number(r.cells[index], r.line, index) for r in block])

    def number(self, cell: str, line: int, index: int) -> float:
        """The number in one cell; raises FileError where it is none, or not finite."""
        if cell.lower() in MISSING:
            raise self._wrong(
                N_("{file}, line {line}, column {column}: a number is missing. Put one there."),
                cell,
                line,
                index,
            )
        comma = "," in cell
        if not is_number(cell) or (comma and self.sheet.delimiter == ","):
            raise self._wrong(
                N_(
                    "{file}, line {line}, column {column}: {cell} is not a number. "
                    "Put a number there, or leave the column out."
                ),
                cell,
                line,
                index,
            )
        mark = "," if comma else "." if "." in cell else self.mark
        if self.mark and mark != self.mark:
            raise self._wrong(
                N_(
                    "{file}, line {line}, column {column}: {cell} has another decimal mark than "
                    "the numbers before it. Use one in the whole file."
                ),
                cell,
                line,
                index,
            )
        self.mark = mark
        value = float(cell.replace(",", "."))
        if not np.isfinite(value):
            raise self._wrong(
                N_(
                    "{file}, line {line}, column {column}: {cell} is not a finite number. "
                    "Put another there."
                ),
                cell,
                line,
                index,
            )
        return value

    def _wrong(self, template: str, cell: str, line: int, index: int) -> FileError:
        column = f"{index + 1} ({self.sheet.names[index]})" if self.sheet.named else index + 1
        return FileError(
            template, file=self.sheet.file, line=line, column=column, cell=quoted(cell)
        )


def _answers(
    sheet: Sheet, column: int, labels: list[str], lines: list[int]
) -> tuple[Array, tuple[str, ...]]:
    """What to learn: the class of each row and the names, or values of shape (rows, 1)."""
    numbers = _Numbers(sheet)
    texts = [
        (label, line)
        for label, line in zip(labels, lines, strict=True)
        if not is_number(label) or (label.lower() in MISSING)
    ]
    missing = next((line for label, line in texts if label.lower() in MISSING), None)
    if missing is not None:
        numbers.number("", missing, column)
    if not texts:
        values = np.array(
            [numbers.number(label, line, column) for label, line in zip(labels, lines, strict=True)]
        )
        if not _stand_for_classes(values):
            return values[:, None], ()
        found, codes = np.unique(values.astype(int), return_inverse=True)
        return codes, tuple(map(str, found))
    if any(is_number(label) and not label.lstrip("+-").isdecimal() for label in set(labels)):
        # Broken numbers are values to learn, so a text among them is a wrong cell.
        numbers.number(*texts[0], column)
    return _codes(sheet, labels, lines)


def _stand_for_classes(values: Array) -> bool:
    """Whether numbers are names of classes: few whole numbers, each about twice or more."""
    whole = bool((values == np.round(values)).all()) and bool((np.abs(values) < 2**31).all())
    distinct = len(np.unique(values))
    return whole and 2 <= distinct <= _NUMBERED_CLASSES and 2 * distinct <= len(values)


def _codes(sheet: Sheet, labels: list[str], lines: list[int]) -> tuple[Array, tuple[str, ...]]:
    classes = tuple(sorted(set(labels)))
    if len(classes) > MOST_CLASSES:
        raise FileError(
            N_(
                "{file} has {count} different texts in its column to learn. "
                "Up to {most} can be classes."
            ),
            file=sheet.file,
            count=len(classes),
            most=MOST_CLASSES,
        )
    if len(classes) < 2:
        raise FileError(
            N_("{file} has one class only, {name}. There must be two at least to learn."),
            file=sheet.file,
            name=quoted(classes[0]),
        )
    _refuse_long(sheet, zip(labels, lines, strict=True))
    place = {name: code for code, name in enumerate(classes)}
    return np.array([place[label] for label in labels]), classes


def _refuse_long(sheet: Sheet, labels: Iterable[tuple[str, int]]) -> None:
    for label, line in labels:
        if len(label) > LONGEST_NAME:
            raise FileError(
                N_("{file}, line {line}: the name {name} is longer than {most} characters."),
                file=sheet.file,
                line=line,
                name=quoted(label),
                most=LONGEST_NAME,
            )
