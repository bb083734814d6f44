"""What people type for a formula, read as words and signs.

A Korean input method gives full-width signs, a word processor gives long dashes, a textbook has
`x²` and `w₀`. All of it becomes one spelling here, and each word remembers where it stood in the
text as typed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from bpstudio.errors import FormulaError
from bpstudio.language import N_

LONGEST = 10_000
"""The most characters that a formula may have."""
LONGEST_NAME = 100
"""The most characters that a name may have; it becomes the id of a node."""

_SPELLINGS = {
    **dict.fromkeys("−–—‐‑‒﹣－", "-"),
    **dict.fromkeys("×·∗⋅•∙・･ㆍ✕✖", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("ᵀ⊤", "ᵀ"),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_WORD = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\dᵀ][^\Wᵀ]*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/^@()<>=,ᵀ√])"
)


class Word(NamedTuple):
    """A number, a name or a sign, as everything after this spells it.

    `kind` is `number`, `name`, `sign` or, once after the last, `end`; `position` is that of its
    first character in the text as typed, counted from 0.
    """

    kind: str
    text: str
    position: int


def words(text: str) -> list[Word]:
    """The formula as words, the last of kind `end`.

    Raises FormulaError for a text that is too long or has a character of no meaning.
    """
    if len(text) > LONGEST:
        raise FormulaError(
            N_("The formula has {count} characters; at most {most} can be read."),
            position=LONGEST,
            count=len(text),
            most=LONGEST,
        )
    spelled, places = _spell(text)
    found, at = [], 0
    while at < len(spelled):
        if spelled[at].isspace():
            at += 1
            continue
        match = _WORD.match(spelled, at)
        if match is None or (match["name"] and not match["name"].isidentifier()):
            raise FormulaError(
                N_(
                    "{found} at position {position} has no meaning in a formula. "
                    "Use numbers, names, + - * / ^ and parentheses."
                ),
                position=places[at],
                found=text[places[at]],
            )
        if match["name"] and len(match["name"]) > LONGEST_NAME:
            raise FormulaError(
                N_("The name at position {position} has {count} characters; use at most {most}."),
                position=places[at],
                count=len(match["name"]),
                most=LONGEST_NAME,
            )
        kind = str(match.lastgroup)
        found.append(Word(kind, "^" if match[0] == "**" else match[0], places[at]))
        at = match.end()
    return [*found, Word("end", "", len(text))]


def plain_name(text: str) -> str:
    """A name as formulas spell it: `w₀` as `w0`, full-width letters as plain ones."""
    return _spell(text.strip())[0]


def _spell(text: str) -> tuple[str, list[int]]:
    """The text in one spelling, and for each of its characters the place it came from."""
    spelled: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(text):
        start = at
        if text[at] in _RAISED:
            while at < len(text) and text[at] in _RAISED:
                at += 1
            raised = "".join(_RAISED[sign] for sign in text[start:at])
            piece = f"^{raised}" if raised.isdigit() else f"^({raised})"
        else:
            at += 1
            # A letter and the accents typed after it are one letter.
            while at < len(text) and unicodedata.combining(text[at]):
                at += 1
            piece = _SPELLINGS.get(text[start]) or unicodedata.normalize("NFKC", text[start:at])
        spelled.extend(piece)
        places.extend([start] * len(piece))
    return "".join(spelled), places
