"""A table in a file, or a pasted one, as a data set."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bpstudio.data.cells import Cells, Texts
from bpstudio.data.choices import Choices, Report, Role, alive
from bpstudio.data.dataset import Array, Dataset
from bpstudio.data.delimited import (
    MISSING,
    Layout,
    Sheet,
    file_name,
    is_number,
    no_rows,
    open_sheet,
    read_bytes,
)
from bpstudio.data.finishing import Found, check_count, finished, whole_numbers
from bpstudio.errors import FileError
from bpstudio.language import N_

MOST_CLASSES = 1000


class Preview(NamedTuple):
    """A look at a table: how it is cut into cells, its first rows, and a role for each column."""

    layout: Layout
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    roles: tuple[Role, ...]


def look(
    content: bytes,
    file: str,
    layout: Layout | None = None,
    rows: int = 50,
    report: Report | None = None,
) -> Preview:
    """The first rows of a table, and what its columns seem to be for; raises FileError."""
    sheet = open_sheet(content, file, layout or Layout(), alive(report))
    shown = tuple(tuple(cell.strip() for cell in cells) for cells in sheet.head.rows[:rows])
    return Preview(sheet.layout, sheet.names, shown, _guessed(sheet, None))


def read(
    path: Path | str,
    choices: Choices | None = None,
    *,
    target: str | None = None,
    report: Report | None = None,
) -> Dataset:
    """The table as a data set: its last column, or the one called `target`, is what to learn.

    A column of texts, or of at most ten different whole numbers that repeat, is one of classes;
    other numbers are values. Raises FileError with the line for anything that is not a finite
    number where one must be; WrongCells names every wrong cell.
    """
    path = Path(path)
    return dataset(
        read_bytes(path), file_name(path), stem(path), choices, target=target, report=report
    )


def parse(
    text: str, name: str, choices: Choices | None = None, *, held_out: float = 0.2
) -> Dataset:
    """A pasted table as a data set; see `read`."""
    return dataset(text.encode(), name, name, choices or Choices(held_out=held_out))


def dataset(
    content: bytes,
    file: str,
    name: str,
    choices: Choices | None = None,
    *,
    target: str | None = None,
    report: Report | None = None,
) -> Dataset:
    """The data set in the bytes of a table; see `read`."""
    choices = choices or Choices()
    sheet = open_sheet(content, file, choices.layout, alive(report))
    roles = choices.roles or _guessed(sheet, target)
    _check_roles(sheet, roles)
    try:
        found = _collect(sheet, roles, choices, report)
    except _NotNumbers:
        # What began as numbers goes on as texts, so they are classes: from the beginning.
        sheet = open_sheet(content, file, choices.layout, alive(report))
        roles = tuple(Role(r.use, "category") if r.use == "target" else r for r in roles)
        found = _collect(sheet, roles, choices, report)
    del content
    return finished(found, sheet, name, choices, report)


def stem(path: Path) -> str:
    """What a data set from that file is called."""
    return unicodedata.normalize("NFC", path.stem)


def _guessed(sheet: Sheet, target: str | None) -> tuple[Role, ...]:
    """A role for each column: texts are categories, or left out where hardly any is repeated."""
    learned = _target_column(sheet, target)
    roles = []
    for index in range(len(sheet.names)):
        cells = [cell.strip() for cell in sheet.head.column(index)[:200]]
        told = [cell for cell in cells if cell.lower() not in MISSING]
        texts = bool(told) and not any(is_number(cell) for cell in told)
        numbers = all(is_number(cell) for cell in told)
        if index == learned:
            roles.append(Role("target", "" if numbers else "category"))
        elif not texts:
            roles.append(Role("input", "number"))
        else:
            each = len(told) > 20 and len(set(told)) > max(20, len(told) // 2)
            roles.append(Role("ignore" if each else "input", "category"))
    return tuple(roles)


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


def _check_roles(sheet: Sheet, roles: Sequence[Role]) -> None:
    uses = [role.use for role in roles]
    if len(roles) != len(sheet.names):
        raise FileError(
            N_("{file} has {have} columns, but {count} were expected. Look at it again."),
            file=sheet.file,
            have=len(sheet.names),
            count=len(roles),
        )
    if "input" not in uses or "target" not in uses:
        raise FileError(
            N_("{file} needs a column of inputs and one to learn. Choose one of each."),
            file=sheet.file,
        )
    if uses.count("target") > 1 and any(r == ("target", "category") for r in roles):
        raise FileError(
            N_(
                "{file}: only numbers can be learned several at once. Choose one column of classes."
            ),
            file=sheet.file,
        )


class _NotNumbers(Exception):
    """A column to learn began with whole numbers, but there are texts in it."""


def _collect(sheet: Sheet, roles: Sequence[Role], choices: Choices, report: Report | None) -> Found:
    """All blocks read: the numbers of each column that is used, or the places of its texts."""
    reader = Cells(sheet, mark=choices.decimal, gaps=choices.gaps != "refuse")
    inputs = [i for i, role in enumerate(roles) if role.use == "input"]
    targets = [i for i, role in enumerate(roles) if role.use == "target"]
    texts = {i: Texts(i) for i in inputs + targets if roles[i].kind == "category"}
    parts: dict[int, list[Array]] = {i: [] for i in inputs + targets}
    for block in sheet.blocks:
        for index, found in parts.items():
            cells = block.column(index)
            if index in texts:
                found.append(texts[index].codes(cells, block.lines, reader))
                check_count(sheet, texts[index], MOST_CLASSES)
                continue
            wrong = len(reader.wrong)
            values = reader.numbers(cells, block.lines, index)
            if len(reader.wrong) > wrong and roles[index] == ("target", ""):
                _check_texts(found, values, cells)
            found.append(values)
        if report is not None:
            report(sheet.done())
    reader.settle()
    if not parts[inputs[0]]:
        raise no_rows(sheet)
    whole = {}
    for index in list(parts):
        whole[index] = np.concatenate(parts.pop(index))
        alive(report, 1.0)()
    return Found(roles, inputs, targets, whole, texts, reader)


def _check_texts(before: Sequence[Array], values: Array, cells: Sequence[str]) -> None:
    """Texts after whole numbers alone mean that the numbers were names of classes."""
    texts = [cell for cell in cells if not is_number(cell.strip())]
    numbers = np.concatenate([*before, values])
    numbers = numbers[np.isfinite(numbers)]
    if any(cell.strip().lower() not in MISSING for cell in texts) and whole_numbers(numbers):
        raise _NotNumbers
