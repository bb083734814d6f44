"""How wide a text is in the bundled fonts, read from the fonts themselves.

Screen, SVG and tests lay out texts from the same table, so none of them needs Qt and all agree.
Kerning is left out everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np

from bpstudio import resources
from bpstudio.engine.op import Array

PROSE, MONO = "prose", "mono"
"""The two kinds of type: text, and numbers in columns."""

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {PROSE: ("Pretendard", "JetBrains Mono"), MONO: ("JetBrains Mono", "Pretendard")}
)
"""The font families of each kind; a glyph that the first lacks comes from the second."""

_FILES = {
    ("Pretendard", 400): "Pretendard-Regular.ttf",
    ("Pretendard", 600): "Pretendard-SemiBold.ttf",
    ("Pretendard", 700): "Pretendard-Bold.ttf",
    ("JetBrains Mono", 400): "JetBrainsMono-Regular.ttf",
    ("JetBrains Mono", 600): "JetBrainsMono-Bold.ttf",
    ("JetBrains Mono", 700): "JetBrainsMono-Bold.ttf",
}

CAP_HEIGHT = 0.72
"""The height of a capital letter or a digit, in units of the type size."""
DESCENT = 0.22
"""How far letters such as g hang below the baseline, in units of the type size."""


@dataclass(frozen=True)
class Face:
    """One font file: the advance of each character, in units of the type size."""

    family: str
    weight: int
    advances: Mapping[int, float]


class Advances(Mapping[int, float]):
    """The advance of each character, looked up in the font's own order: a font has thousands of
    them, and a screen shows a hundred."""

    def __init__(self, characters: Array, widths: Array) -> None:
        order = np.argsort(characters, kind="stable")
        self._characters, self._widths = characters[order], widths[order]

    def __getitem__(self, character: int) -> float:
        """The advance of one; raises KeyError where there is no glyph for it."""
        place = int(np.searchsorted(self._characters, character))
        if place == len(self._characters) or self._characters[place] != character:
            raise KeyError(character)
        return float(self._widths[place])

    def __iter__(self) -> Iterator[int]:
        return iter(self._characters.tolist())

    def __len__(self) -> int:
        return len(self._characters)


def font_files() -> tuple[str, ...]:
    """The paths of the bundled fonts, for whoever draws."""
    return tuple(str(resources.path("fonts", name)) for name in dict.fromkeys(_FILES.values()))


def has_glyph(character: str) -> bool:
    """Whether one of the bundled fonts can draw the character."""
    return any(ord(character) in face(family, 400).advances for family in FAMILIES[PROSE])


def width(text: str, size: float, kind: str = PROSE, weight: int = 400) -> float:
    """The width of a text in canvas units, at that type size."""
    return size * _in_ems(text, kind, weight)


def wrapped(text: str, room: float, size: float) -> list[str]:
    """Prose broken at spaces into lines that fit the room."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@lru_cache(maxsize=8192)
def _in_ems(text: str, kind: str, weight: int) -> float:
    """The width of a text at type size 1: the same texts are measured again and again."""
    return sum(_advance(character, kind, weight) for character in text)


@cache
def _advance(character: str, kind: str, weight: int) -> float:
    for family in FAMILIES[kind]:
        found = face(family, weight).advances.get(ord(character))
        if found is not None:
            return found
    return 0.65  # a glyph from a font of the system: about the width of a letter


@cache
def face(family: str, weight: int) -> Face:
    """The advances of one bundled font; `weight` is 400, 600 or 700."""
    return Face(family, weight, _advances(_FILES[family, weight]))


@cache
def _advances(file: str) -> Advances:
    data = resources.path("fonts", file).read_bytes()
    tables = {
        data[at : at + 4].decode("latin-1"): struct.unpack_from(">II", data, at + 8)
        for at in range(12, 12 + 16 * struct.unpack_from(">H", data, 4)[0], 16)
    }
    units = struct.unpack_from(">H", data, tables["head"][0] + 18)[0]
    count = struct.unpack_from(">H", data, tables["hhea"][0] + 34)[0]
    entries = np.frombuffer(data, ">u2", 2 * count, tables["hmtx"][0])[::2]
    characters, glyphs = _glyphs(data, tables["cmap"][0])
    widths = entries[np.minimum(glyphs, count - 1)] / units
    return Advances(characters, widths)


def _glyphs(data: bytes, start: int) -> tuple[Array, Array]:
    """The characters of a font and their glyphs, from its table of format 12, else of format 4.

    The one of format 12 has all that the other has. Characters without a glyph are left out.
    """
    places = {}
    for index in range(struct.unpack_from(">H", data, start + 2)[0]):
        at = start + struct.unpack_from(">I", data, start + 4 + 8 * index + 4)[0]
        places[struct.unpack_from(">H", data, at)[0]] = at
    if 12 in places:
        characters, glyphs = _groups(data, places[12])
    else:
        found = _segments(data, places[4])
        characters, glyphs = np.array([*found]), np.array([*found.values()])
    return characters[glyphs > 0], glyphs[glyphs > 0]


def _segments(data: bytes, at: int) -> dict[int, int]:
    """OpenType's cmap format 4: runs of characters, each with an offset or a list of glyphs."""
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 4 * count)
    offsets = struct.unpack_from(f">{count}H", data, at + 16 + 6 * count)
    glyphs: dict[int, int] = {}
    for i in range(count):
        for character in range(starts[i], min(ends[i], 0xFFFE) + 1):
            glyph = character
            if offsets[i]:
                place = at + 16 + 6 * count + 2 * i + offsets[i] + 2 * (character - starts[i])
                glyph = struct.unpack_from(">H", data, place)[0]
                if not glyph:
                    continue
            glyphs[character] = (glyph + deltas[i]) & 0xFFFF
    return glyphs


def _groups(data: bytes, at: int) -> tuple[Array, Array]:
    """OpenType's cmap format 12: runs of characters that follow each other."""
    count = struct.unpack_from(">I", data, at + 12)[0]
    runs = np.frombuffer(data, ">u4", 3 * count, at + 16).reshape(count, 3).astype(np.int64)
    first, last, glyph = runs.T
    lengths = last - first + 1
    # Where each run begins in the row of all characters.
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
    along = np.arange(lengths.sum()) - begins
    return np.repeat(first, lengths) + along, np.repeat(glyph, lengths) + along
