"""New rows of inputs from a table, as the network reads them that learned another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bpstudio.data import columns
from bpstudio.data.cells import Cells
from bpstudio.data.dataset import Array, Column, Dataset
from bpstudio.data.delimited import (
    MISSING,
    Layout,
    Sheet,
    file_name,
    no_rows,
    open_sheet,
    quoted,
    read_bytes,
)
from bpstudio.errors import FileError
from bpstudio.language import N_


def read_features(path: Path | str, data: Dataset | None = None) -> Array:
    """The rows of a table as the network that learned `data` reads them, shape (rows, features).

    They are filled, told apart and normalised exactly as those of the data were. A table whose
    header has all the names may have other columns too; one without them must have exactly as many
    columns. Without data all columns are inputs. Raises FileError.
    """
    path = Path(path)
    wanted = (data.columns or _plain(data)) if data is not None else ()
    names = [column.name for column in wanted]
    sheet = _opened(read_bytes(path), file_name(path), names)
    places: Sequence[int] = range(len(sheet.names))
    if names and sheet.named and set(names) <= set(sheet.names):
        places = [sheet.names.index(name) for name in names]
    elif names and len(sheet.names) != len(names):
        raise FileError(
            N_("{file} has {have} columns, but the network takes {width}: {names}."),
            file=sheet.file,
            have=len(sheet.names),
            width=len(names),
            names=", ".join(names),
        )
    wanted = wanted or tuple(Column(name) for name in sheet.names)
    return columns.scaled(_encoded(sheet, wanted, places), wanted)


def _opened(content: bytes, file: str, names: Sequence[str]) -> Sheet:
    """The table; a first line that has all these names is its header, whatever stands below."""
    sheet = open_sheet(content, file)
    if sheet.named or not sheet.head.rows:
        return sheet
    first = {cell.strip() for cell in sheet.head.rows[0]}
    return (
        open_sheet(content, file, Layout(header=True))
        if names and first.issuperset(names)
        else sheet
    )


def _plain(data: Dataset) -> tuple[Column, ...]:
    return tuple(Column(name) for name in data.feature_names)


def _encoded(sheet: Sheet, wanted: Sequence[Column], places: Sequence[int]) -> Array:
    """The features of every row by columns that are known already."""
    reader = Cells(sheet)
    blocks = []
    for block in sheet.blocks:
        parts = []
        for column, place in zip(wanted, places, strict=True):
            reader.gaps = column.fill is not None
            cells = block.column(place)
            if column.categories:
                parts.append(_known(column, cells, block.lines, place, reader))
                continue
            values = reader.numbers(cells, block.lines, place)
            if column.fill is not None:
                values = np.where(np.isnan(values), float(column.fill), values)
            parts.append(values[:, None])
        blocks.append(np.concatenate(parts, axis=1))
    reader.settle()
    if not blocks:
        raise no_rows(sheet)
    return np.concatenate(blocks)


def _known(
    column: Column, cells: Sequence[str], lines: Sequence[int], index: int, reader: Cells
) -> Array:
    """The features of cells that must be categories of a column."""
    place = {name: i for i, name in enumerate(column.categories)}
    codes = []
    for cell, line in zip(cells, lines, strict=True):
        name = cell.strip()
        if name.lower() in MISSING and column.fill is not None:
            name = str(column.fill)
        if name not in place:
            reader.complain(
                N_(
                    "{file}, line {line}, column {column}: {cell} was not among the texts that "
                    "the network learned: {names}."
                ),
                name,
                line,
                index,
                names=", ".join(map(quoted, column.categories[:10])),
            )
        codes.append(place.get(name, 0))
    return columns.one_hot(np.array(codes), len(column.categories))
