"""An exhibit as a value: what is drawn of it, what can be done with it, and what it has come to.

Doing something gives another exhibit, so going back in a lesson is taking the one before. A view
draws the shapes, makes a widget of each control, and knows nothing of any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bpstudio.engine.op import Array
from bpstudio.project.project import Project


@dataclass(frozen=True)
class Line:
    """A line through places; as everywhere here, (0, 0) is top left and (1, 1) bottom right."""

    points: tuple[tuple[float, float], ...]
    role: str = "muted"
    width: float = 1.6
    dashed: bool = False


@dataclass(frozen=True)
class Dot:
    """A filled circle of that radius in pixels."""

    x: float
    y: float
    role: str = "accent"
    radius: float = 6.0


@dataclass(frozen=True)
class Words:
    """A short text; `side` is −1 where it begins at its place, 0 for its middle, 1 for its end."""

    x: float
    y: float
    text: str
    role: str = "text"
    size: float = 12.0
    side: int = 0


@dataclass(frozen=True)
class Cell:
    """A rectangle with a text: filled by `strength` of its role's colour, framed where `framed`."""

    x: float
    y: float
    width: float
    height: float
    text: str = ""
    role: str = "accent"
    strength: float = 0.0
    framed: bool = True
    ink: str = "text"


@dataclass(frozen=True, eq=False)
class Plane:
    """A small picture of a decision: numbers from 0 to 1, row 0 at the top."""

    x: float
    y: float
    width: float
    height: float
    chances: Array


Shape = Line | Dot | Words | Cell | Plane


@dataclass(frozen=True)
class Button:
    """Something to press; `down` where it is one that stays down, or could."""

    id: str
    text: str
    enabled: bool = True
    down: bool | None = None


@dataclass(frozen=True)
class Slider:
    """One of `count` places in a row, and what stands beside it."""

    id: str
    text: str
    place: int
    count: int
    shown: str


Control = Button | Slider


class Errand(NamedTuple):
    """An export that is to be written, run in its own runtime, and compared with the project."""

    project: Project
    format: str


class Exhibit:
    """What every exhibit does; a kind is a frozen dataclass that says these."""

    height: ClassVar[int] = 220
    """Its picture's height in pixels."""

    def controls(self) -> tuple[Control, ...]:
        """What can be pressed and slid."""
        return ()

    def picture(self) -> tuple[Shape, ...]:
        """What is drawn."""
        raise NotImplementedError

    def said(self) -> str:
        """A sentence on what it has come to, for the eye and for a screen reader."""
        raise NotImplementedError

    def facts(self) -> Mapping[str, float]:
        """What a lesson can wait for, by name."""
        return {}

    def acted(self, control: str, place: int = 0) -> Exhibit:
        """The exhibit after a button was pressed, or a slider put at a place."""
        return self

    def pointed(self, x: float, y: float, *, first: bool = True) -> Exhibit:
        """After a press at a place of the picture, or a drag to it (not `first`)."""
        return self

    def pushed(self, right: int, down: int) -> Exhibit:
        """After an arrow key."""
        return self

    def entered(self) -> Exhibit:
        """After Enter or Space on the picture."""
        return self

    def ticked(self) -> Exhibit | None:
        """A little later; None where nothing goes on by itself."""
        return None

    def errand(self) -> Errand | None:
        """What has to be run beside the window before it goes on; None for nothing."""
        return None

    def answered(self, difference: float | None, trouble: str) -> Exhibit:
        """After its errand: the largest difference, or None and why there is none."""
        return self
