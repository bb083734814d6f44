"""Cells of a table as numbers and as places among texts; what is wrong is collected by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.data.dataset import Array
from bpstudio.data.delimited import LONGEST_NAME, MISSING, Sheet, is_number, quoted
from bpstudio.errors import FileError
from bpstudio.language import N_

MOST_WRONG = 50
"""So many wrong cells are named; then reading stops."""


class WrongCells(FileError):
    """Cells that can't be read: the sentence is on the first of them, `cells` has one on each."""

    @property
    def cells(self) -> tuple[FileError, ...]:
        """A sentence for each wrong cell, in the order of the table."""
        found: tuple[FileError, ...] = self.values.get("cells", ())  # type: ignore[assignment]
        return found


@dataclass
class Cells:
    """Reads the cells of one table, and remembers which decimal mark it uses and what is wrong.

    With `gaps` a missing number is not wrong, but nan, and a missing text has the place −1.
    """

    sheet: Sheet
    mark: str = ""
    gaps: bool = False
    wrong: list[FileError] = field(default_factory=list)

    def numbers(self, cells: Sequence[str], lines: Sequence[int], index: int) -> Array:
        """The numbers of one column of a block, nan for those that are wrong."""
        together = "".join(cells)
        # float() also takes 1_000, which no table means as a number.
        if "," not in together and "_" not in together and self.mark != ",":
            try:
                values = np.fromiter(map(float, cells), np.float64, len(cells))
            except ValueError:
                values = np.full(1, np.nan)
            if np.isfinite(values).all():
                self.mark = self.mark or ("." if "." in together else "")
                return values
        pairs = zip(cells, lines, strict=True)
        return np.array([self.number(cell.strip(), line, index) for cell, line in pairs])

    def number(self, cell: str, line: int, index: int) -> float:
        """The number in one cell; nan where it is missing, none, or not finite."""
        if cell.lower() in MISSING:
            if not self.gaps:
                self.complain(
                    N_("{file}, line {line}, column {column}: a number is missing. Put one there."),
                    cell,
                    line,
                    index,
                )
            return np.nan
        comma = "," in cell
        if not is_number(cell) or (comma and self.sheet.delimiter == "," and self.mark != ","):
            return self.complain(
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
            return self.complain(
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
            return self.complain(
                N_(
                    "{file}, line {line}, column {column}: {cell} is not a finite number. "
                    "Put another there."
                ),
                cell,
                line,
                index,
            )
        return value

    def complain(self, template: str, cell: str, line: int, index: int, **more: str) -> float:
        """Note a wrong cell; nan stands for it. Raises WrongCells when there are too many."""
        column = f"{index + 1} ({self.sheet.names[index]})" if self.sheet.named else index + 1
        file, shown = self.sheet.file, quoted(cell)
        self.wrong.append(
            FileError(template, file=file, line=line, column=column, cell=shown, **more)
        )
        if len(self.wrong) >= MOST_WRONG:
            self.settle()
        return np.nan

    def settle(self) -> None:
        """Raise WrongCells where any cell was wrong."""
        if self.wrong:
            cells = tuple(sorted(self.wrong, key=lambda error: int(str(error.values["line"]))))
            first, values = cells[0], dict[str, Any](cells[0].values)
            raise WrongCells(first.template, cells=cells, **values)


@dataclass
class Texts:
    """The different texts of one column in the order in which they came, each with its line."""

    index: int
    places: dict[str, int] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)

    def codes(self, cells: Sequence[str], lines: Sequence[int], reader: Cells) -> Array:
        """The place of each cell's text among the different ones; −1 where it is missing."""
        places = self.places
        found = np.empty(len(cells), np.int32)
        for row, cell in enumerate(cells):
            place = places.get(cell)
            found[row] = self._new(cell, lines[row], reader) if place is None else place
        return found

    @property
    def names(self) -> list[str]:
        """The texts in their order."""
        names = [""] * len(self.lines)
        for cell, place in self.places.items():
            if place >= 0 and not names[place]:
                names[place] = cell.strip()
        return names

    def _new(self, cell: str, line: int, reader: Cells) -> int:
        name = cell.strip()
        if name.lower() in MISSING:
            if not reader.gaps:
                reader.complain(
                    N_(
                        "{file}, line {line}, column {column}: the cell is empty. Put a text there."
                    ),
                    cell,
                    line,
                    self.index,
                )
            return -1
        if len(name) > LONGEST_NAME:
            raise FileError(
                N_("{file}, line {line}: the name {name} is longer than {most} characters."),
                file=reader.sheet.file,
                line=line,
                name=quoted(name),
                most=LONGEST_NAME,
            )
        place = self.places.get(name)
        if place is None:
            place = self.places[name] = len(self.lines)
            self.lines.append(line)
        self.places[cell] = place
        return place
