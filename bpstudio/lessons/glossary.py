"""The glossary: what the words of the lessons mean, in each language, from a file of its own.

## gradient

other: 기울기
also: gradients, slope

How much the end moves for a small nudge of this number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from bpstudio import resources
from bpstudio.language import LANGUAGES, current_language


@dataclass(frozen=True)
class Term:
    """A word, what it is called in the other language, other forms of it, and what it means."""

    name: str
    other: str
    also: tuple[str, ...]
    text: str


@cache
def terms(language: str = "") -> tuple[Term, ...]:
    """All of them in the order of the file; in the first language where there is no such file."""
    path = resources.path("lessons", f"glossary.{language or LANGUAGES[0]}.md")
    if not path.is_file():
        path = resources.path("lessons", f"glossary.{LANGUAGES[0]}.md")
    blocks = re.split(r"^## +", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return tuple(_term(block) for block in blocks)


def _term(block: str) -> Term:
    name, _end, rest = block.partition("\n")
    fields = dict(re.findall(r"^(other|also): *(.+)$", rest, flags=re.MULTILINE))
    text = re.sub(r"^(other|also):.*$", "", rest, flags=re.MULTILINE)
    also = tuple(part.strip() for part in fields.get("also", "").split(",") if part.strip())
    return Term(name.strip(), fields.get("other", ""), also, " ".join(text.split()))


def current() -> tuple[Term, ...]:
    """The terms in the language that holds now."""
    return terms(current_language())


def spoken_of(text: str, known: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms that a text uses; Korean words carry endings, so their beginning is enough."""
    return tuple(term for term in known if any(_in(form, text) for form in (term.name, *term.also)))


def _in(form: str, text: str) -> bool:
    end = r"\b" if form.isascii() else ""
    return re.search(rf"\b{re.escape(form)}{end}", text, flags=re.IGNORECASE) is not None
