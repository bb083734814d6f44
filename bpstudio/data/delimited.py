"""A table as text into records of cells, each with the line on which it begins.

Nothing is guessed silently: what can't be read is one sentence with the file and the line.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bpstudio.errors import FileError
from bpstudio.language import N_

MOST_BYTES = 256 * 2**20
MOST_COLUMNS = 10_001
LONGEST_NAME = 200
MISSING = frozenset({"", "na", "n/a", "nan", "null", "?", "#n/a"})

_DELIMITERS = ("\t", ";", ",")
_LOOKED_AT = 100


class Record(NamedTuple):
    """One line of the table: its cells without surrounding spaces, and where it begins."""

    line: int
    cells: list[str]


class Sheet(NamedTuple):
    """An opened table: its file's name, its column names, its records still to be read.

    `named` says whether the names stood in the file. Every record has as many cells as there are
    names; the reading of a later one may raise FileError.
    """

    file: str
    delimiter: str
    names: tuple[str, ...]
    named: bool
    records: Iterator[Record]


def read_bytes(path: Path) -> bytes:
    """The file's content; raises FileError where it can't be read or is too large."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileError(
                N_("{file} is larger than {most} MiB. Keep a part of its rows."),
                file=file_name(path),
                most=MOST_BYTES // 2**20,
            )
        return path.read_bytes()
    except OSError as error:
        raise FileError(
            N_("{file} can't be read: {reason}."),
            file=file_name(path),
            reason=error.strerror or error,
        ) from error


def file_name(path: Path) -> str:
    """The name as people type it; macOS hands out Hangul in pieces."""
    return unicodedata.normalize("NFC", path.name)


def open_sheet(content: bytes, file: str) -> Sheet:
    """The table in these bytes; raises FileError where there is none."""
    text = _decode(content, file)
    delimiter, skipped = _announced_delimiter(text)
    delimiter = delimiter or sniff_delimiter(text)
    records = _records(text, delimiter, file, skipped)
    head = list(islice(records, _LOOKED_AT))
    if not head:
        raise FileError(N_("{file} is empty. It needs a line for each row."), file=file)
    width = _width(head, file)
    named = _is_header(head)
    rest = _even(_chain(head[named:], records), width, file)
    names = _names(head[0], width, file) if named else tuple(f"x{i + 1}" for i in range(width))
    return Sheet(file, delimiter, names, named, rest)


def sniff_delimiter(text: str) -> str:
    """The delimiter under which most of the first lines have the same number of cells.

    Among equals a tab comes first, then the semicolon, because a comma also stands in decimal
    numbers, whereas a semicolon hardly ever stands in the cells of a table with commas.
    """

    def share(delimiter: str) -> float:
        widths = []
        try:
            reader = csv.reader(_lines(text), delimiter=delimiter, skipinitialspace=True)
            for cells in islice((c for c in reader if any(map(str.strip, c))), _LOOKED_AT):
                widths.append(len(cells))
        except csv.Error:
            pass  # the reading proper says what is wrong, with its line
        several = [width for width in widths if width > 1]
        return max((several.count(w) for w in set(several)), default=0) / max(len(widths), 1)

    best = max(_DELIMITERS, key=share)
    return best if share(best) > 0 else ","


def is_number(cell: str) -> bool:
    """Whether the cell holds a number, with a decimal point or a decimal comma."""
    return bool(_NUMBER.fullmatch(cell)) or cell.lower().lstrip("+-") in ("inf", "infinity", "nan")


_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


def quoted(cell: str) -> str:
    """A cell as an error shows it: short, on one line."""
    short = cell if len(cell) <= 40 else cell[:39] + "…"
    return '"' + "".join(c if c.isprintable() else "�" for c in short) + '"'


def _decode(content: bytes, file: str) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileError(
            N_("{file} is a workbook or an archive, not a text. Save the sheet as CSV."), file=file
        )
    # "Unicode text" from Excel is UTF-16; Korean Excel still writes CP949.
    utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if utf_16 else ["utf-8-sig", "cp949"]
    where = 0
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            where = error.start
            continue
        _refuse_control(text, file)
        return text
    raise FileError(
        N_("{file}, line {line}: this is not text that can be read. Save it as CSV UTF-8."),
        file=file,
        line=content.count(b"\n", 0, where) + 1,
    )


def _refuse_control(text: str, file: str) -> None:
    found = _CONTROL.search(text)
    if found:
        raise FileError(
            N_("{file}, line {line}: a character {code} is not text. Save the table as CSV UTF-8."),
            file=file,
            line=text.count("\n", 0, found.start()) + 1,
            code=f"U+{ord(found.group()):04X}",
        )


_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")


def _lines(text: str) -> io.StringIO:
    """The lines with their ends; str.splitlines would also part at form feeds inside a cell."""
    return io.StringIO(text, newline="")


def _announced_delimiter(text: str) -> tuple[str, int]:
    """The delimiter that Excel's first line `sep=;` announces, and how many lines that takes."""
    found = re.match(r'"?sep=([,;\t|])"?[ \t]*(\r\n|\r|\n|$)', text)
    return (found.group(1), 1) if found else ("", 0)


def _records(text: str, delimiter: str, file: str, skipped: int) -> Iterator[Record]:
    """Each line with something in it; a quoted cell may go over several lines."""
    lines = _lines(text)
    for _ in range(skipped):
        next(lines)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = skipped + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable(error, file, line) from error
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield Record(line, cells)
        line = skipped + reader.line_num + 1


def _unreadable(error: csv.Error, file: str, line: int) -> FileError:
    if "limit" in str(error):
        return FileError(
            N_(
                "{file}, line {line}: a cell has more than {most} characters. "
                "Shorten it, or close the quote before it."
            ),
            file=file,
            line=line,
            most=csv.field_size_limit(),
        )
    if "unexpected end" in str(error):
        return FileError(
            N_("{file}, line {line}: a quote is opened and never closed. Close it or remove it."),
            file=file,
            line=line,
        )
    return FileError(
        N_('{file}, line {line}: after a closing quote there is more text. Write " inside as "".'),
        file=file,
        line=line,
    )


def _width(head: list[Record], file: str) -> int:
    """How many columns the first line has, but for a last one that stays empty all along."""
    width = len(head[0].cells)
    if width > 1 and all(len(r.cells) != width or not r.cells[-1] for r in head):
        width -= 1
    if width > MOST_COLUMNS:
        raise FileError(
            N_("{file} has {width} columns. At most {most} can be read."),
            file=file,
            width=width,
            most=MOST_COLUMNS,
        )
    return width


def _even(records: Iterator[Record], width: int, file: str) -> Iterator[Record]:
    """The records, each of this width; raises FileError for one that is not."""
    for record in records:
        cells = record.cells
        if len(cells) == width + 1 and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != width:
            raise FileError(
                N_(
                    "{file}, line {line}: there are {have} cells, but the first line has {width}. "
                    "Give every line as many."
                ),
                file=file,
                line=record.line,
                have=len(cells),
                width=width,
            )
        yield Record(record.line, cells)


def _is_header(head: list[Record]) -> bool:
    """Whether the first line holds names: nothing in it is a number, but below there are some."""
    first, below = head[0].cells, head[1:]
    if any(is_number(cell) for cell in first):
        return False
    return not below or any(is_number(cell) for record in below for cell in record.cells)


def _names(header: Record, width: int, file: str) -> tuple[str, ...]:
    """The names of the columns, each once; a column without a name is called x1, x2, …"""
    names: dict[str, None] = {}
    used: dict[str, int] = {}
    for index, cell in enumerate(header.cells[:width]):
        if len(cell) > LONGEST_NAME:
            raise FileError(
                N_("{file}, line {line}: the name {name} is longer than {most} characters."),
                file=file,
                line=header.line,
                name=quoted(cell),
                most=LONGEST_NAME,
            )
        name = " ".join(unicodedata.normalize("NFC", cell).split()) or f"x{index + 1}"
        stem = name
        while name in names:
            used[stem] = used.get(stem, 1) + 1
            name = f"{stem} ({used[stem]})"
        names[name] = None
    return tuple(names)


def _chain(head: list[Record], rest: Iterator[Record]) -> Iterator[Record]:
    yield from head
    yield from rest
