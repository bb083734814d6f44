"""Answers that people type: read, checked, and a wrong one traced to the rule that was broken.

    judge(recording, quantity, read("0,4", shape))

Right is what lies within half a hundredth, or two per cent, of the true number, entry by entry:
slides and notes round differently, and neither is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.expression import evaluate, parse
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.lessons.mistakes import Mistake, carried, mistakes
from bpstudio.lessons.rules import Rule
from bpstudio.playback.digits import MINUS
from bpstudio.playback.veil import Quantity, array_of

ABSOLUTE, RELATIVE = 0.005, 0.02
LONGEST = 400
"""So many characters of an answer are read."""
MOST_ENTRIES = 36
"""Nobody is asked for a larger array than that."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """Whether an answer is right, and if not which rules it may have broken.

    More than one rule: each gives that very number here. None: it fits no mistake that we know.
    """

    right: bool
    answer: Array
    rules: tuple[Rule, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict in the current language."""
        if self.right:
            return _("Right.")
        if not self.rules:
            return _("Not yet. It fits no slip that is known here: look at the gate once more.")
        if len(self.rules) == 1:
            return _(self.rules[0].explanation)
        slips = "; ".join(_(rule.title) for rule in self.rules)
        return _("Not yet. Several slips lead to this number: {slips}.").format(slips=slips)


def accepts(answer: Array, exact: Array) -> bool:
    """Whether an answer is right: of the shape of the true one, and near enough in every entry."""
    if answer.shape != exact.shape:
        return False
    near = np.maximum(ABSOLUTE, RELATIVE * np.abs(exact))
    # A number as far off as is allowed may be a rounding error further off.
    return bool(np.all(np.abs(answer - exact) <= near * (1 + 1e-9)))


def judge(recording: Recording, quantity: Quantity, answer: Array) -> Verdict:
    """Check an answer against a recording."""
    exact = array_of(recording, quantity)
    if exact is None:
        raise StudioError(
            N_("No {kind} of {node} is known here. Ask for another number."),
            kind=quantity.kind,
            node=quantity.node,
        )
    if accepts(answer, exact):
        return Verdict(True, answer)
    rules = _named(answer, exact, mistakes(recording, quantity))
    return Verdict(False, answer, rules or _named(answer, exact, carried(recording, quantity)))


def _named(answer: Array, exact: Array, made: Sequence[Mistake]) -> tuple[Rule, ...]:
    """The rules whose mistakes give this answer, each once; what would be right is no mistake."""
    wrong = (mistake for mistake in made if not accepts(mistake.value, exact))
    return tuple(dict.fromkeys(m.rule for m in wrong if accepts(answer, m.value)))


def askable(recording: Recording, quantity: Quantity) -> bool:
    """Whether a person can be asked for it: finite, and not too large to type."""
    array = array_of(recording, quantity)
    return array is not None and 0 < array.size <= MOST_ENTRIES and bool(np.isfinite(array).all())


def read(text: str, shape: tuple[int, ...]) -> Array:
    """The numbers that a text stands for, in that shape.

    Numbers have a decimal point or comma, and may be reckoned out, as 1/3. Entries of an array
    stand apart by spaces, commas or semicolons, with brackets or without, row by row. Raises
    StudioError for anything else.
    """
    plain = text.strip().replace(MINUS, "-").replace("＋", "+").replace("，", ",")
    if not plain or len(plain) > LONGEST:
        raise StudioError(N_("Type a number, such as 0.5, −4 or 1/3."))
    size = int(np.prod(shape, dtype=int))
    if shape == () or size == 1:
        return np.full(shape, _number(re.sub(r"(?<=\d),(?=\d)", ".", plain.strip("[] "))))
    entries = _entries(plain, r"[\s,;\[\]]+")
    if len(entries) != size:
        entries = [entry.replace(",", ".") for entry in _entries(plain, r"(?:,?[\s;\[\]]+)+")]
    if len(entries) != size:
        raise StudioError(
            N_("{size} numbers are asked for ({shape}), row by row; {count} were typed."),
            size=size,
            shape=" × ".join(map(str, shape)),
            count=len(entries),
        )
    return np.array([_number(entry) for entry in entries]).reshape(shape)


def _entries(text: str, between: str) -> list[str]:
    return [entry for entry in re.split(between, text) if entry]


def _number(text: str) -> float:
    try:
        with np.errstate(all="ignore"):
            value = float(np.asarray(evaluate(parse(text), {}), dtype=float))
    except (StudioError, TypeError, ValueError, KeyError):
        value = np.nan
    if not np.isfinite(value):
        raise StudioError(N_("{text} is no number. Type one such as 0.5, −4 or 1/3."), text=text)
    return value
