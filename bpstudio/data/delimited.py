"""A table as text into blocks of rows of cells, each row with the line on which it begins.

The text is read piece by piece, so that a large table never stands in memory twice.

Nothing is guessed silently: what can't be read is one sentence with the file and the line.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from bpstudio.contents import content_of
from bpstudio.errors import FileError, reason_of
from bpstudio.language import N_

MOST_BYTES = 256 * 2**20
MOST_COLUMNS = 10_001
LONGEST_NAME = 200
MISSING = frozenset({"", "na", "n/a", "nan", "null", "?", "#n/a"})

_DELIMITERS = ("\t", ";", ",")
_LOOKED_AT = 100
_SNIFFED = 2**16
_BLOCK, _BLOCK_CELLS = 4096, 2**16


class Block(NamedTuple):
    """Some lines of the table that follow each other: their cells, and where each begins."""

    rows: list[list[str]]
    lines: list[int]

    def column(self, index: int) -> list[str]:
        """The cells of one column, with whatever spaces stand around them."""
        return [row[index] for row in self.rows]


class Layout(NamedTuple):
    """How a text is cut into cells; what is None is found out from the text."""

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None


FOUND_OUT = Layout()
"""Everything is found out from the text."""


class Sheet(NamedTuple):
    """An opened table: its file's name, its column names, its rows still to be read.

    `layout` says how it is read, `head` has its first rows. Every row has as many cells as there
    are names; reading a later block may raise FileError. `done` is how much was read, from 0 to 1.
    """

    file: str
    layout: Layout
    names: tuple[str, ...]
    head: Block
    blocks: Iterator[Block]
    done: Callable[[], float]

    @property
    def delimiter(self) -> str:
        """What stands between two cells."""
        return self.layout.delimiter or ","

    @property
    def named(self) -> bool:
        """Whether the names stood in the file."""
        return bool(self.layout.header)


def read_bytes(path: Path) -> bytes:
    """The file's content; raises FileError where it can't be read or is too large."""

    def too_long(_count: int) -> FileError:
        return FileError(
            N_("{file} is larger than {most} MiB. Keep a part of its rows."),
            file=file_name(path),
            most=MOST_BYTES // 2**20,
        )

    try:
        return content_of(path, MOST_BYTES, too_long)
    except OSError as error:
        raise FileError(
            N_("{file} can't be read: {reason}."),
            file=file_name(path),
            reason=reason_of(error),
        ) from error


def file_name(path: Path) -> str:
    """The name as people type it; macOS hands out Hangul in pieces."""
    return unicodedata.normalize("NFC", path.name)


def open_sheet(
    content: bytes, file: str, layout: Layout = FOUND_OUT, alive: Callable[[], None] = lambda: None
) -> Sheet:
    """The table in these bytes; raises FileError where there is none.

    `alive` is called often while its encoding is found out; what it raises ends that.
    """
    content, encoding = _encoding(content, file, layout.encoding, alive)
    begin = content[:_SNIFFED].decode(encoding, errors="ignore").removeprefix("\ufeff")
    announced, skipped = _announced_delimiter(begin)
    delimiter = layout.delimiter or announced or sniff_delimiter(begin)
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    records = _records(text, delimiter, file, skipped)
    head = list(islice(records, _LOOKED_AT))
    if not head:
        raise FileError(N_("{file} is empty. It needs a line for each row."), file=file)
    width = _width([cells for cells, _line in head], file)
    named = _is_header(head) if layout.header is None else layout.header
    names = _names(head[0], width, file) if named else tuple(f"x{i + 1}" for i in range(width))
    rest = _even(chain(head[named:], records), width, file)
    first = next(rest, Block([], []))
    return Sheet(
        file,
        Layout(encoding, delimiter, named),
        names,
        first,
        chain([first] if first.rows else [], rest),
        lambda: text.buffer.tell() / max(len(content), 1),
    )


def sniff_delimiter(text: str) -> str:
    """The delimiter under which most of the first lines have the same number of cells.

    Among equals a tab comes first, then the semicolon, because a comma also stands in decimal
    numbers, whereas a semicolon hardly ever stands in the cells of a table with commas.
    """

    def share(delimiter: str) -> float:
        widths = []
        try:
            lines = io.StringIO(text, newline="")
            reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            for cells in islice((c for c in reader if any(map(str.strip, c))), _LOOKED_AT):
                widths.append(len(cells))
        except csv.Error:
            pass  # the reading proper says what is wrong, with its line
        several = [width for width in widths if width > 1]
        return max((several.count(w) for w in set(several)), default=0) / max(len(widths), 1)

    best = max(_DELIMITERS, key=share)
    return best if share(best) > 0 else ","


def is_table(text: str) -> bool:
    """Whether a pasted text is rows of cells rather than a formula, as far as its begin says.

    A spreadsheet puts tabs between cells. Commas and semicolons count where there are no brackets,
    because `max(x, y)` has a comma too.
    """
    begin = text[:_SNIFFED]
    delimiter = sniff_delimiter(begin)
    lines = [line for line in begin.splitlines() if line.strip()][:_LOOKED_AT]
    if delimiter != "\t" and any(bracket in begin for bracket in "(){}"):
        return False
    whole = lines[:-1] if len(text) > len(begin) else lines
    try:
        widths = {len(cells) for cells in csv.reader(whole, delimiter=delimiter)}
    except csv.Error:
        return False
    return len(lines) > 1 and len(widths) == 1 and max(widths) > 1


def is_number(cell: str) -> bool:
    """Whether the cell holds a number, with a decimal point or a decimal comma."""
    return bool(_NUMBER.fullmatch(cell)) or cell.lower().lstrip("+-") in ("inf", "infinity", "nan")


_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


def quoted(cell: str) -> str:
    """A cell as an error shows it: short, on one line."""
    short = cell if len(cell) <= 40 else cell[:39] + "…"
    return '"' + "".join(c if c.isprintable() else "�" for c in short) + '"'


def no_rows(sheet: Sheet) -> FileError:
    """What is said of a table that has names alone."""
    return FileError(N_("{file} has a line of names but no rows below it."), file=sheet.file)


def _encoding(
    content: bytes, file: str, asked: str | None, alive: Callable[[], None]
) -> tuple[bytes, str]:
    """The text in an encoding that can be read piece by piece, and its name."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileError(
            N_("{file} is a workbook or an archive, not a text. Save the sheet as CSV."), file=file
        )
    # "Unicode text" from Excel is UTF-16; Korean Excel still writes CP949.
    utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    where = 0
    for encoding in [asked] if asked else ["utf-16"] if utf_16 else ["utf-8-sig", "cp949"]:
        found = _first_unreadable(content, encoding, alive)
        if found is None:
            if encoding == "utf-16":
                content, encoding = content.decode(encoding).encode(), "utf-8-sig"
            _refuse_control(content, file, alive)
            return content, encoding
        where = found
    raise FileError(
        N_("{file}, line {line}: this is not text that can be read. Save it as CSV UTF-8."),
        file=file,
        line=content.count(b"\n", 0, where) + 1,
    )


def _first_unreadable(content: bytes, encoding: str, alive: Callable[[], None]) -> int | None:
    """The place of the first byte that this encoding can't read; None where it reads all."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(content), _PIECE):
        alive()
        piece, last = content[start : start + _PIECE], start + _PIECE >= len(content)
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            return start - waiting + error.start
    return None


def _refuse_control(content: bytes, file: str, alive: Callable[[], None]) -> None:
    """No encoding that is read here has bytes of control characters inside other characters."""
    for start in range(0, len(content), _PIECE):
        alive()
        piece = content[start : start + _PIECE]
        if len(piece.translate(None, _CONTROL)) != len(piece):
            place = start + next(i for i, byte in enumerate(piece) if byte in _CONTROL)
            raise FileError(
                N_(
                    "{file}, line {line}: a character {code} is not text. "
                    "Save the table as CSV UTF-8."
                ),
                file=file,
                line=content.count(b"\n", 0, place) + 1,
                code=f"U+{content[place]:04X}",
            )


_CONTROL = bytes([*range(0x09), *range(0x0E, 0x20)])
_PIECE = 2**20


def _announced_delimiter(text: str) -> tuple[str, int]:
    """The delimiter that Excel's first line `sep=;` announces, and how many lines that takes."""
    found = re.match(r'"?sep=([,;\t|])"?[ \t]*(\r\n|\r|\n|$)', text)
    return (found.group(1), 1) if found else ("", 0)


def _records(
    text: TextIO, delimiter: str, file: str, skipped: int
) -> Iterator[tuple[list[str], int]]:
    """The cells of each line with something in it, and the line; a quoted cell may go over
    several lines."""
    for _ in range(skipped):
        next(text)
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = skipped + 1
    try:
        for cells in reader:
            if cells and (cells[0].strip() or any(map(str.strip, cells))):
                yield cells, line
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(error, file, line) from error


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


def _width(head: list[list[str]], file: str) -> int:
    """How many columns the first line has, but for a last one that stays empty all along."""
    width = len(head[0])
    if width > 1 and all(len(cells) != width or not cells[-1].strip() for cells in head):
        width -= 1
    if width > MOST_COLUMNS:
        raise FileError(
            N_("{file} has {width} columns. At most {most} can be read."),
            file=file,
            width=width,
            most=MOST_COLUMNS,
        )
    return width


def _even(records: Iterator[tuple[list[str], int]], width: int, file: str) -> Iterator[Block]:
    """The records in blocks, each of this width; raises FileError for one that is not.

    Blocks of wide tables have fewer rows, so that there is never long to wait between two.
    """
    most = max(16, min(_BLOCK, _BLOCK_CELLS // width))
    rows: list[list[str]] = []
    lines: list[int] = []
    for cells, line in records:
        if len(cells) != width:
            if len(cells) != width + 1 or cells[-1].strip():
                raise FileError(
                    N_(
                        "{file}, line {line}: there are {have} cells, but the first line has "
                        "{width}. Give every line as many."
                    ),
                    file=file,
                    line=line,
                    have=len(cells),
                    width=width,
                )
            cells.pop()
        rows.append(cells)
        lines.append(line)
        if len(rows) == most:
            yield Block(rows, lines)
            rows, lines = [], []
    if rows:
        yield Block(rows, lines)


def _is_header(head: list[tuple[list[str], int]]) -> bool:
    """Whether the first line holds names: nothing in it is a number, but below there are some."""
    first, *below = ([cell.strip() for cell in cells] for cells, _line in head)
    if any(is_number(cell) for cell in first):
        return False
    return not below or any(is_number(cell) for cells in below for cell in cells)


def _names(header: tuple[list[str], int], width: int, file: str) -> tuple[str, ...]:
    """The names of the columns, each once; a column without a name is called x1, x2, …"""
    names: dict[str, None] = {}
    used: dict[str, int] = {}
    cells, line = header
    for index, cell in enumerate(cells[:width]):
        name = " ".join(unicodedata.normalize("NFC", cell).split()) or f"x{index + 1}"
        if len(name) > LONGEST_NAME:
            raise FileError(
                N_("{file}, line {line}: the name {name} is longer than {most} characters."),
                file=file,
                line=line,
                name=quoted(name),
                most=LONGEST_NAME,
            )
        stem = name
        while name in names:
            used[stem] = used.get(stem, 1) + 1
            name = f"{stem} ({used[stem]})"
        names[name] = None
    return tuple(names)
