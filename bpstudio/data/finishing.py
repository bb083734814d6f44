"""The columns of a table, once they are read, into a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bpstudio.data import columns
from bpstudio.data.cells import Cells, Texts
from bpstudio.data.choices import Choices, Report, Role, alive
from bpstudio.data.dataset import Array, Column, Dataset
from bpstudio.data.delimited import Sheet, is_number, quoted
from bpstudio.data.split import held_out_rows
from bpstudio.errors import FileError
from bpstudio.language import N_

FEWEST_TO_SPLIT = 10
"""A table of fewer rows is kept whole for training."""

_NUMBERED_CLASSES = 10
_MOST_CATEGORIES = 100


@dataclass
class Found:
    """What the blocks came to; places of texts where a column has categories."""

    roles: Sequence[Role]
    inputs: list[int]
    targets: list[int]
    values: dict[int, Array]
    texts: dict[int, Texts]
    reader: Cells


def finished(
    found: Found, sheet: Sheet, name: str, choices: Choices, report: Report | None = None
) -> Dataset:
    """The data set: rows with gaps left out or filled, split, and normalised."""
    still = alive(report, 1.0)
    _leave_out(found, sheet, choices)
    still()
    answers, classes = _answers(found, sheet)
    still()
    rows = len(answers)
    share = choices.held_out if rows >= FEWEST_TO_SPLIT else 0.0
    held_out = held_out_rows(rows, share, choices.seed, answers if classes else None)
    still()
    read = []
    widths = [len(found.texts[i].lines) if i in found.texts else 0 for i in found.inputs]
    total = sum(1 if count <= 2 else count for count in widths)
    features = np.empty((rows, total))
    at = 0
    for index in found.inputs:
        values = found.values.pop(index)
        column = Column(sheet.names[index])
        if index in found.texts:
            column, part = _categories(column, values, found.texts[index], sheet, choices, held_out)
        else:
            column, part = _filled(column, values, choices, held_out, sheet)
        features[:, at : at + part.shape[1]] = part
        at += part.shape[1]
        read.append(column)
        still()
    return Dataset(
        name=name,
        features=features,
        answers=answers,
        classes=classes,
        feature_names=columns.feature_names(read),
        held_out=held_out,
        columns=tuple(read),
    )


def _leave_out(found: Found, sheet: Sheet, choices: Choices) -> None:
    """Leave out the rows with gaps; where they are filled, those with nothing to learn alone."""
    if choices.gaps == "refuse":
        return
    judged = list(found.values) if choices.gaps == "drop" else found.targets
    gaps = [
        found.values[index] < 0 if index in found.texts else np.isnan(found.values[index])
        for index in judged
    ]
    kept = ~np.logical_or.reduce(gaps)
    if not kept.any():
        raise FileError(
            N_("{file} has a missing cell in every row, so none is left. Leave a column out."),
            file=sheet.file,
        )
    if not kept.all():
        found.values = {index: values[kept] for index, values in found.values.items()}


def _filled(
    column: Column, values: Array, choices: Choices, held_out: Array, sheet: Sheet
) -> tuple[Column, Array]:
    """A column of numbers, its gaps filled and normalised as was chosen."""
    gaps = np.isnan(values)
    known = values[~(held_out | gaps)]
    if choices.gaps == "fill":
        if not len(known):
            raise _all_missing(sheet, column)
        fill = float(known.mean())
        column = replace(column, fill=fill)
        values = np.where(gaps, fill, values) if gaps.any() else values
    if choices.normalise:
        deviation = float(known.std())
        # A constant column says nothing; it becomes zero.
        column = replace(column, mean=float(known.mean()), deviation=deviation or 1.0)
        values = (values - column.mean) / column.deviation
    return column, values[:, None]


def _categories(
    column: Column, places: Array, texts: Texts, sheet: Sheet, choices: Choices, held_out: Array
) -> tuple[Column, Array]:
    """A column of texts as features, its gaps filled as was chosen."""
    check_count(sheet, texts, _MOST_CATEGORIES)
    names = texts.names
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    column = replace(column, categories=tuple(names[i] for i in order))
    missing = places < 0
    if choices.gaps == "fill":
        known = places[~(held_out | missing)]
        if not len(known):
            raise _all_missing(sheet, column)
        usual = int(np.bincount(known).argmax())
        column = replace(column, fill=names[usual])
        places = np.where(missing, usual, places)
    return column, columns.one_hot(rank[places], len(names))


def _all_missing(sheet: Sheet, column: Column) -> FileError:
    return FileError(
        N_("{file}: the column {column} has nothing to fill its gaps with. Leave it out."),
        file=sheet.file,
        column=column.name,
    )


def _answers(found: Found, sheet: Sheet) -> tuple[Array, tuple[str, ...]]:
    """What to learn: the class of each row and the names, or values of shape (rows, targets)."""
    first = found.targets[0]
    if first in found.texts:
        return _classes(found.values.pop(first), found.texts[first], sheet, found)
    values = np.stack([found.values.pop(index) for index in found.targets], axis=1)
    kinds = [found.roles[index].kind for index in found.targets]
    names = _named_classes(values[:, 0]) if kinds == [""] else None
    if names is None:
        return values, ()
    return np.searchsorted(names, values[:, 0]), tuple(str(int(name)) for name in names)


def _named_classes(values: Array) -> Array | None:
    """The numbers that name classes, in order: few whole ones, each about twice or more; or None
    where they are values."""
    if not whole_numbers(values):
        return None
    distinct = np.unique(values)
    few = 2 <= len(distinct) <= min(_NUMBERED_CLASSES, len(values) // 2)
    return distinct if few else None


def _classes(
    places: Array, texts: Texts, sheet: Sheet, found: Found
) -> tuple[Array, tuple[str, ...]]:
    names = texts.names
    broken = [n for n in names if is_number(n) and not n.lstrip("+-").isdecimal()]
    if broken and len(broken) < len(names):
        # Broken numbers are values to learn, so a text among them is a wrong cell.
        wrong = [(line, n) for n, line in zip(names, texts.lines, strict=True) if not is_number(n)]
        for line, n in sorted(wrong):
            found.reader.number(n, line, texts.index)
        found.reader.settle()
    if len(names) < 2:
        raise FileError(
            N_("{file} has one class only, {name}. There must be two at least to learn."),
            file=sheet.file,
            name=quoted(names[0]),
        )
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), int)
    rank[order] = np.arange(len(names))
    return rank[places], tuple(names[i] for i in order)


def check_count(sheet: Sheet, texts: Texts, most: int) -> None:
    """Refuse a column of too many different texts."""
    if len(texts.lines) > most:
        raise FileError(
            N_(
                "{file}, column {column}: there are more than {most} different texts. "
                "Leave the column out, or take it as numbers."
            ),
            file=sheet.file,
            column=f"{texts.index + 1} ({sheet.names[texts.index]})",
            most=most,
        )


def whole_numbers(values: Array) -> bool:
    """Whether all are whole numbers that could be names of classes."""
    return bool((values == np.round(values)).all()) and bool((np.abs(values) < 2**31).all())
