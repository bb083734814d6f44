"""The lines of a lesson file: their limits, their fields, and the blocks that they make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bpstudio.language import N_
from bpstudio.lessons.lesson import wrong_at

MOST_BYTES = 64_000
MOST_LINES = 3_000
LONGEST_LINE, LONGEST_TEXT = 2_000, 6_000
MOST_ENTRIES = 40
"""So many goals, wrong answers, options, marked nodes or conditions."""

_FENCE = re.compile(r"```\s*(\w*)\s*")
_FIELD = re.compile(r"([a-z]+):(?:\s+(.*)|\s*)")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Row(NamedTuple):
    """A line of the file with its number."""

    number: int
    text: str


class Field(NamedTuple):
    """A line `name: text` of a block."""

    name: str
    text: str
    line: int


def rows_of(content: bytes, path: Path) -> list[Row]:
    if len(content) > MOST_BYTES:
        raise wrong_at(path, 1, N_("the file has more than {most} bytes."), most=MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = content[: error.start].count(b"\n") + 1
        raise wrong_at(path, broken, N_("this is no text in UTF-8.")) from error
    rows = [Row(n, line.rstrip()) for n, line in enumerate(text.split("\n"), 1)]
    if len(rows) > MOST_LINES:
        raise wrong_at(path, MOST_LINES, N_("there are more than {most} lines."), most=MOST_LINES)
    for number, line in rows:
        if len(line) > LONGEST_LINE:
            template = N_("the line is longer than {most} characters.")
            raise wrong_at(path, number, template, most=LONGEST_LINE)
        if any((unicodedata.category(c) == "Cc" and c != "\t") or c in _BIDI for c in line):
            raise wrong_at(path, number, N_("there is a control character in it."))
    return rows


def fields_of(rows: list[Row], path: Path, known: tuple[str, ...]) -> list[Field]:
    """The fields of a block; lines that begin with a dash belong to the field above them."""
    fields: list[Field] = []
    for number, line in rows:
        if not line.strip():
            continue
        if line.startswith("- ") and fields:
            fields.append(Field(fields[-1].name, line[2:].strip(), number))
        elif line.startswith("  ") and fields and fields[-1].text:
            fields[-1] = fields[-1]._replace(text=f"{fields[-1].text} {line.strip()}")
        elif (found := _FIELD.fullmatch(line)) and found[1] in known:
            fields.append(Field(found[1], (found[2] or "").strip(), number))
        else:
            template = N_("a field is expected here, as in `{example}: …`; there are {known}.")
            raise wrong_at(path, number, template, example=known[0], known=", ".join(known))
        if len(fields) > MOST_ENTRIES:
            raise wrong_at(path, number, N_("more than {most} entries."), most=MOST_ENTRIES)
        if len(fields[-1].text) > LONGEST_TEXT:
            template = N_("the text is longer than {most} characters.")
            raise wrong_at(path, number, template, most=LONGEST_TEXT)
    return fields


def blocks_of(rows: list[Row], path: Path) -> Iterator[tuple[str, list[Row]]]:
    """Paragraphs and list entries under an empty kind, fenced blocks under theirs.

    The first row of a fenced block is its opening fence.
    """
    paragraph: list[Row] = []
    inside: list[Row] = []
    kind = ""
    for row in rows:
        fence = _FENCE.fullmatch(row.text)
        if inside:
            if fence and not fence[1]:
                yield kind, inside
                inside = []
            else:
                inside.append(row)
            continue
        ends = not row.text.strip() or fence or row.text.startswith("- ")
        if ends and paragraph:
            yield "", paragraph
            paragraph = []
        if fence:
            inside, kind = [row], fence[1] or "?"
        elif row.text.strip():
            if row.text.startswith("#"):
                raise wrong_at(path, row.number, N_("a heading is written with two signs: ##."))
            paragraph.append(row)
    if inside:
        raise wrong_at(path, inside[0].number, N_("the block that begins here has no end: ```."))
    if paragraph:
        yield "", paragraph


def needed(fields: list[Field], name: str, path: Path, line: int = 1) -> str:
    found = next((field.text for field in fields if field.name == name and field.text), None)
    if found is None:
        raise wrong_at(path, line, N_("the field {name} is missing."), name=name)
    return found


def whole(fields: list[Field], name: str, path: Path) -> int:
    text = needed(fields, name, path)
    line = next(field.line for field in fields if field.name == name)
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise wrong_at(
            path, line, N_("{name} is a whole number, not {text}."), name=name, text=text
        )
    return int(text)
