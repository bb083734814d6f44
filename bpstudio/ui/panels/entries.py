"""What the palette offers, and by which words it is found, in both languages at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data.toys import TOYS, title_of
from bpstudio.engine.op import Kind, Op, catalog
from bpstudio.errors import StudioError
from bpstudio.language import N_, _, described, everywhere
from bpstudio.playback.bodies import symbol
from bpstudio.ui import finding

GATES, LAYERS, LOSSES, DATA = N_("Gates"), N_("Layers"), N_("Losses"), N_("Data")
SECTIONS = (GATES, LAYERS, LOSSES, DATA)
_BY_CATEGORY = {"arithmetic": GATES, "source": GATES, "loss": LOSSES}
_LAYER_LIKE = ("matmul",)
_ORDER = ("source", "arithmetic", "activation", "layer", "normalize", "reshape", "loss")


@dataclass(frozen=True)
class Entry:
    """One thing to be put on the canvas: a gate by its name, or a toy data set by its name."""

    name: str
    section: str
    is_data: bool = False
    settings: tuple[tuple[str, float], ...] = ()

    @property
    def op(self) -> Op:
        """The gate, with its usual settings but for those that were asked for."""
        return catalog[self.name](**dict(self.settings))

    @property
    def title(self) -> str:
        """What it is called in the current language."""
        if self.is_data:
            return _(title_of(self.name))
        asked = [f"{_(name.replace('_', ' '))} {value:g}" for name, value in self.settings]
        return " · ".join([_(self.op.title), *asked])

    @property
    def help(self) -> str:
        """What it does, and for a gate its formula."""
        if self.is_data:
            toy = TOYS[self.name]
            return described(toy.draw) if toy.points else _("A truth table of two inputs.")
        words = described(self.op)
        return f"{words}\n{self.op.formula}" if self.op.formula else words

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called: in every language, in files, and the sign that stands on it."""
        if self.is_data:
            return (*everywhere(title_of(self.name)), self.name)
        return (*everywhere(self.op.title), self.name, symbol(self.op))

    @property
    def words(self) -> tuple[str, ...]:
        """Further words by which it is found, in whatever language."""
        return tuple(TOYS[self.name].aliases if self.is_data else self.op.aliases)


@cache
def entries() -> tuple[Entry, ...]:
    """Everything on offer, section by section; what reads or holds values comes first."""
    ops = sorted(catalog.items(), key=lambda item: _ORDER.index(item[1].category))
    found = [Entry(name, _section(name, kind)) for name, kind in ops]
    found += [Entry(name, DATA, is_data=True) for name in TOYS]
    return tuple(sorted(found, key=lambda entry: SECTIONS.index(entry.section)))


def found(text: str) -> tuple[Entry, ...]:
    """The entries that a text finds, the best first, else in the order of the palette.

    A number at the end is for the gate's first setting: `dense 4` is a layer of four units.
    """
    wanted = text.split()
    if not wanted:
        return entries()
    kept = _ranked(entries(), wanted)
    number = _number(wanted[-1])
    if number is not None and len(wanted) > 1:
        named = _ranked(entries(), wanted[:-1])
        set_so = ((place, _with_number(entry, number)) for place, entry in named)
        kept += [(place, entry) for place, entry in set_so if entry is not None]
    return tuple(entry for _place, entry in sorted(kept, key=lambda pair: pair[0]))


def called(entry: Entry, text: str) -> bool:
    """Whether the text is just what the entry is called."""
    return finding.exact(finding.rank(entry.names, entry.words, text.split()))


def _ranked(among: Sequence[Entry], wanted: Sequence[str]) -> list[tuple[int, Entry]]:
    ranked = [(finding.rank(entry.names, entry.words, wanted), entry) for entry in among]
    return [(place, entry) for place, entry in ranked if place is not None]


def _with_number(entry: Entry, number: float) -> Entry | None:
    """The gate with its first setting at that number, as in `dense 4`; None where it can't be."""
    if entry.is_data:
        return None
    for name, usual in entry.op.settings.items():
        if isinstance(usual, int | float) and not isinstance(usual, bool):
            value = int(number) if isinstance(usual, int) and number == int(number) else number
            try:
                catalog[entry.name](**{name: value})
            except StudioError:
                return None
            return replace(entry, settings=((name, value),))
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _section(name: str, kind: type[Op]) -> str:
    if any(port.kind is Kind.FEATURES for port in kind.ports):
        return DATA
    if name in _LAYER_LIKE:
        return LAYERS
    return _BY_CATEGORY.get(kind.category, LAYERS)
