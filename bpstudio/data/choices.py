"""How a table is to be read, as a person chooses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bpstudio.data.delimited import Layout

Use = Literal["input", "target", "ignore"]
Kind = Literal["number", "category", ""]
Gaps = Literal["refuse", "drop", "fill"]
Report = Callable[[float], None]
"""Told how much is read, from 0 to 1; what it raises ends the reading."""


class Role(NamedTuple):
    """What a column is for, and whether it holds numbers or categories; "" is found out."""

    use: Use = "input"
    kind: Kind = ""


@dataclass(frozen=True)
class Choices:
    """How a table is read. `roles` go by column; without them the last one is to be learned.

    `gaps` says what becomes of a row with a missing cell: it is refused, left out, or filled with
    the mean of the rows to train on (the most frequent category). `decimal` is "." or ",", or ""
    for whichever comes first.
    """

    layout: Layout = field(default_factory=Layout)
    decimal: Literal[".", ",", ""] = ""
    roles: tuple[Role, ...] = ()
    gaps: Gaps = "refuse"
    normalise: bool = False
    held_out: float = 0.2
    seed: int = 1


def alive(report: Report | None, part: float = 0.0) -> Callable[[], None]:
    """Says again how much is read, so that whoever is told can end it between two rows' steps."""

    def tell() -> None:
        if report is not None:
            report(part)

    return tell
