"""Which lines of a generated script do what each step of a recording does.

Whoever writes a script puts passages among its plain lines; laid out together they give the text
and, as a part of the same value, the map from steps to lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

BETWEEN = 2
"""Empty lines between two parts of a script."""


@dataclass(frozen=True)
class Passage:
    """Lines of a script that do what a phase does at these nodes.

    The lines of a gate's class are `shared` by all nodes that use it; without nodes they do the
    phase as a whole, as an optimizer's step does.
    """

    text: str
    phase: str
    nodes: tuple[str, ...] = ()
    shared: bool = False


class Span(NamedTuple):
    """Lines `first` to `last` of a script, counted from 1, for one phase of one node; see
    `Passage`. `node` is empty for what does a phase as a whole."""

    phase: str
    node: str
    first: int
    last: int
    shared: bool


Piece = str | Passage
"""A line of a script, or several, with what they do where they do a step."""


def laid_out(parts: Iterable[Sequence[Piece]]) -> tuple[str, tuple[Span, ...]]:
    """The parts of a script as one text, and what its lines do."""
    lines: list[str] = []
    spans: list[Span] = []
    for part in parts:
        lines += [""] * BETWEEN if lines else []
        for piece in part:
            text = text_of(piece)
            first = len(lines) + 1
            lines += text.split("\n")
            if isinstance(piece, Passage):
                spans += _spans(piece, first, len(lines))
    return "\n".join(lines) + "\n", tuple(spans)


def text_of(piece: Piece) -> str:
    """The text of a piece."""
    return piece.text if isinstance(piece, Passage) else piece


def indented(piece: Piece, indent: str) -> Piece:
    """The piece with its line moved to the right."""
    if isinstance(piece, Passage):
        return replace(piece, text=indent + piece.text)
    return indent + piece


def _spans(passage: Passage, first: int, last: int) -> Iterator[Span]:
    for node in passage.nodes or ("",):
        yield Span(passage.phase, node, first, last, passage.shared)
