"""A lesson as a value: steps with their text, the state they show, and what they ask.

How a lesson is written is told in `reading.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.veil import KINDS, Quantity
from bpstudio.project import file
from bpstudio.project.project import Project

NOTHING, ASKED, EVERYTHING = "nothing", "asked", "everything"
HIDES = (NOTHING, ASKED, EVERYTHING, *(f"{kind}s" for kind in KINDS))
"""What a step may hide: nothing, what it asks for, all values, all gradients, or everything."""


class LessonError(StudioError):
    """A lesson file can't be understood; the sentence names the file and the line."""


@dataclass(frozen=True)
class State:
    """What a step shows: a project, a moment of it, marked nodes, what is hidden, a line to drag,
    and a fault planted in the backward pass, as in `overwrite at q`.

    An empty `project` and an empty `moment` leave what the step before has come to.
    """

    project: str = ""
    moment: str = ""
    highlight: tuple[str, ...] = ()
    hide: str = ASKED
    line: str = ""
    fault: str = ""


@dataclass(frozen=True, eq=False)
class Text:
    """A paragraph, or with `item` an entry of a list."""

    text: str
    item: bool = False


@dataclass(frozen=True)
class Tried:
    """Something to try in the step itself: a kind of exhibit, and what it is about."""

    kind: str
    of: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that people give, as it is written, and what is said to it."""

    text: str
    reason: str


@dataclass(frozen=True)
class Key:
    """What an answer is computed from: a number of the network, or something reckoned.

    `kind` is `value`, `gradient`, `formula`, `best line` …, `of` the rest of the key as written,
    and `given` are values that stand in for those of the project.
    """

    kind: str
    of: str
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Predict:
    """A question for a number that can be computed."""

    ask: str
    key: Key
    answer: str
    wrong: tuple[Wrong, ...] = ()
    line: int = 0


@dataclass(frozen=True, eq=False)
class Option:
    """One of several answers, and what is said to whoever chooses it."""

    text: str
    right: bool
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Choose:
    """A question with answers to choose from."""

    ask: str
    options: tuple[Option, ...]
    line: int = 0


@dataclass(frozen=True, eq=False)
class Do:
    """Something to be done with the network, and the conditions by which it is recognised."""

    ask: str
    until: tuple[str, ...]
    help: str = ""
    line: int = 0


@dataclass(frozen=True, eq=False)
class Reflect:
    """A question to think about, and an answer to compare with."""

    ask: str
    answer: str = ""
    line: int = 0


Question = Predict | Choose | Do | Reflect
Part = Text | Tried | Question


@dataclass(frozen=True, eq=False)
class LessonStep:
    """One page of a lesson.

    With `builds` it begins with an empty canvas, on which that project is to be built.
    """

    title: str
    state: State
    parts: tuple[Part, ...]
    line: int = 0
    builds: str = ""

    @property
    def questions(self) -> tuple[Question, ...]:
        """What it asks, in order."""
        return tuple(part for part in self.parts if not isinstance(part, Text | Tried))

    @property
    def tried(self) -> Tried | None:
        """The exhibit that it shows, if it shows one."""
        return next((part for part in self.parts if isinstance(part, Tried)), None)


@dataclass(frozen=True, eq=False)
class Lesson:
    """A lesson in one language; `path` is the file that it was read from."""

    path: Path
    language: str
    title: str
    number: int
    source: str
    minutes: int
    goals: tuple[str, ...] = ()
    steps: tuple[LessonStep, ...] = ()
    projects: Mapping[str, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its folder, such as `03-chain-rule`."""
        return self.path.parent.name

    def project(self, name: str) -> Project:
        """One of its projects; raises FileError where it can't be read."""
        return file.load(self.projects[name])

    def project_at(self, place: int) -> str:
        """The name of the project that the step with that number (from 0) is about."""
        named = [step.state.project for step in self.steps[: place + 1] if step.state.project]
        return named[-1] if named else ""

    @property
    def predictions(self) -> Iterator[tuple[int, Predict]]:
        """Every question for a number, with the number of its step."""
        for place, step in enumerate(self.steps):
            for part in step.parts:
                if isinstance(part, Predict):
                    yield place, part


def quantity_of(key: Key) -> Quantity | None:
    """The number of the shown network that a key names; None where it is about something else."""
    if key.kind not in KINDS or key.given:
        return None
    node, _via, wire = (part.strip() for part in key.of.partition(" via "))
    if not wire:
        return Quantity(key.kind, node)
    target, _dot, port = wire.partition(".")
    name, _bracket, slot = port.partition("[")
    number = int(slot.rstrip("]")) - 1 if slot.rstrip("]").isdigit() else 0
    return Quantity(key.kind, node, (target, name, number))


def wrong_at(path: Path, line: int, template: str, **values: str | int) -> LessonError:
    """The error for a place in a lesson's file."""
    sentence = _(template).format(**values)
    return LessonError(
        N_("{name}, line {line}: {sentence}"), name=path.name, line=line, sentence=sentence
    )
