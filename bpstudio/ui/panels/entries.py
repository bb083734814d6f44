"""What the palette offers, and how it is found: by title, symbol and further words, in both
languages, and by the initial consonants of Korean words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data.toys import TOYS
from bpstudio.engine.op import Kind, Op, catalog
from bpstudio.language import N_, _, described
from bpstudio.playback.bodies import symbol

GATES, LAYERS, LOSSES, DATA = N_("Gates"), N_("Layers"), N_("Losses"), N_("Data")
SECTIONS = (GATES, LAYERS, LOSSES, DATA)
_BY_CATEGORY = {"arithmetic": GATES, "source": GATES, "loss": LOSSES}
_LAYER_LIKE = ("matmul",)
_ORDER = ("source", "arithmetic", "activation", "layer", "normalize", "reshape", "loss")

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FIRST, _LAST = 0xAC00, 0xD7A3
_PER_INITIAL = 588


@dataclass(frozen=True)
class Entry:
    """One thing to be put on the canvas: a gate by its name, or a toy data set by its name."""

    name: str
    section: str
    is_data: bool = False

    @property
    def op(self) -> Op:
        """The gate with its usual settings."""
        return catalog[self.name]()

    @property
    def title(self) -> str:
        """What it is called in the current language."""
        return _(TOY_TITLES.get(self.name, self.name)) if self.is_data else _(self.op.title)

    @property
    def help(self) -> str:
        """What it does, and for a gate its formula."""
        if self.is_data:
            toy = TOYS[self.name]
            return described(toy.draw) if toy.points else _("A truth table of two inputs.")
        words = described(self.op)
        return f"{words}\n{self.op.formula}" if self.op.formula else words

    @property
    def words(self) -> tuple[str, ...]:
        """All by which it is found, the title in both languages first."""
        if self.is_data:
            title = TOY_TITLES.get(self.name, self.name)
            return _(title), title, self.name, *TOY_WORDS.get(self.name, ())
        op = self.op
        return _(op.title), op.title, op.name, symbol(op), *op.aliases


TOY_TITLES = {
    "xor": N_("XOR"),
    "and": N_("AND"),
    "or": N_("OR"),
    "nand": N_("NAND"),
    "nor": N_("NOR"),
    "xnor": N_("XNOR"),
    "circles": N_("Circles"),
    "moons": N_("Moons"),
    "spiral": N_("Spiral"),
    "blobs": N_("Blobs"),
    "checkerboard": N_("Checkerboard"),
    "quadrants": N_("Quadrants"),
    "linear": N_("Line"),
    "sine": N_("Sine"),
    "parabola": N_("Parabola"),
    "plane": N_("Plane"),
    "hills": N_("Hills"),
}
"""The toy data sets as people call them."""

_TABLE = ("truth table", "logic", "진리표", "논리", "데이터")
_GROUPS = ("classification", "classes", "분류", "데이터")
_VALUES = ("regression", "curve", "회귀", "데이터")
TOY_WORDS = {
    "xor": ("exclusive or", "배타적 논리합", *_TABLE),
    "and": ("논리곱", *_TABLE),
    "or": ("논리합", *_TABLE),
    "nand": _TABLE,
    "nor": _TABLE,
    "xnor": _TABLE,
    "circles": ("ring", "원", "동심원", *_GROUPS),
    "moons": ("half circles", "반달", *_GROUPS),
    "spiral": ("arms", "나선", *_GROUPS),
    "blobs": ("clouds", "gaussians", "구름", "가우스", *_GROUPS),
    "checkerboard": ("chess", "체커보드", "바둑판", *_GROUPS),
    "quadrants": ("사분면", *_GROUPS),
    "linear": ("linear", "직선", "선형", *_VALUES),
    "sine": ("wave", "사인", *_VALUES),
    "parabola": ("포물선", "이차", *_VALUES),
    "plane": ("평면", *_VALUES),
    "hills": ("언덕", *_VALUES),
}
"""Further words by which a data set is found."""


@cache
def entries() -> tuple[Entry, ...]:
    """Everything on offer, section by section; what reads or holds values comes first."""
    ops = sorted(catalog.items(), key=lambda item: _ORDER.index(item[1].category))
    found = [Entry(name, _section(name, kind)) for name, kind in ops]
    found += [Entry(name, DATA, is_data=True) for name in TOYS]
    return tuple(sorted(found, key=lambda entry: SECTIONS.index(entry.section)))


def found(text: str) -> tuple[Entry, ...]:
    """The entries that a text finds, in the order of the palette, exact finds first."""
    wanted = text.casefold().split()
    if not wanted:
        return entries()
    ranked = [(rank(entry.words, wanted), entry) for entry in entries()]
    kept = [(place, entry) for place, entry in ranked if place is not None]
    return tuple(entry for _place, entry in sorted(kept, key=lambda pair: pair[0]))


def rank(words: Sequence[str], wanted: Sequence[str]) -> int | None:
    """How well words fit what is wanted: 0 is exact, larger is worse, None is not at all."""
    places = [_rank_of(part, words) for part in wanted]
    return None if None in places else max(place for place in places if place is not None)


def initials(text: str) -> str:
    """The initial consonant of each Hangul syllable: `학습` is `ㅎㅅ`; all else as it is."""
    return "".join(
        _INITIALS[(ord(c) - _FIRST) // _PER_INITIAL] if _FIRST <= ord(c) <= _LAST else c
        for c in text
    )


def _rank_of(part: str, words: Sequence[str]) -> int | None:
    by_initials = all(c in _INITIALS for c in part)
    best: int | None = None
    for word in (initials(w) if by_initials else w.casefold() for w in words):
        if word == part:
            return 0
        if word.startswith(part):
            place = 1
        elif any(piece.startswith(part) for piece in re.split(r"[\s_]+", word)):
            place = 2
        elif part in word and len(part) > 1:
            place = 3
        else:
            continue
        best = place if best is None else min(best, place)
    return best


def _section(name: str, kind: type[Op]) -> str:
    if any(port.kind is Kind.FEATURES for port in kind.ports):
        return DATA
    if name in _LAYER_LIKE:
        return LAYERS
    return _BY_CATEGORY.get(kind.category, LAYERS)
