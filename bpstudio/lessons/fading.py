"""How much help a lesson gives: from an example worked out to the bare question.

After Atkinson, Renkl and Merrill (2003): steps that are worked out fade one after another, and who
solves a step says by which rule. Help that is not needed any more hinders (Kalyuga 2003), so the
level rises by itself after three right answers in a row.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import replace

from bpstudio.engine.run import Recording
from bpstudio.language import N_, _
from bpstudio.lessons import building, stage
from bpstudio.lessons.lesson import (
    EVERYTHING,
    Do,
    Lesson,
    LessonStep,
    Predict,
    State,
    Text,
    quantity_of,
)
from bpstudio.playback.timeline import Wire
from bpstudio.playback.veil import KINDS, VALUE, Quantity, Veil, source_of
from bpstudio.project.project import Project

IN_A_ROW = 3
"""So many right answers, each at the first try, and the level rises."""


class Level(enum.IntEnum):
    """How far the help has faded."""

    WORKED = 1
    """Everything is shown, and each number with its reckoning."""
    COMPLETED = 2
    """Only the last number of a step is left open."""
    PROMPTED = 3
    """All numbers are asked for, and by which rule they come."""
    ALONE = 4
    """The network is built from nothing first; then every number is hidden, and no hint given."""


TITLES = {
    Level.WORKED: N_("Worked"),
    Level.COMPLETED: N_("One open"),
    Level.PROMPTED: N_("All open"),
    Level.ALONE: N_("Alone"),
}

RULES = {
    "distribute": N_("Add distributes"),
    "switch": N_("Multiply switches"),
    "route": N_("Max routes"),
    "fork": N_("A fork adds up"),
    "slope": N_("Upstream times the gate's own slope"),
}
"""What a person may say of a gradient: by which rule it comes."""
_RULE_OF = {"add": "distribute", "multiply": "switch", "max": "route"}


def given(step: LessonStep, level: Level) -> tuple[int, ...]:
    """The numbers of the questions that a step answers itself at that level."""
    asked = [n for n, part in enumerate(step.questions) if isinstance(part, Predict)]
    if level is Level.WORKED:
        return tuple(asked)
    return tuple(asked[:-1]) if level is Level.COMPLETED else ()


def veil(step: LessonStep, level: Level, said: frozenset[Quantity]) -> Veil | None:
    """What a step hides at that level; `said` are the numbers that were said already."""
    written = stage.veil_of(step, said)
    if level is Level.WORKED or written is None:
        return None
    if level is Level.PROMPTED:
        return written
    if level is Level.ALONE:
        return Veil(frozenset(KINDS), said)
    keys = [part.key for part in step.questions if isinstance(part, Predict)]
    last = quantity_of(keys[-1]) if keys else None
    return None if last is None else Veil(lifted=said - {last}, only=frozenset({last}))


def to_build(lesson: Lesson, projects: Mapping[str, Project]) -> tuple[int, ...]:
    """The numbers of the steps whose network is to be built first by who works alone.

    Each network is asked for once, and only where numbers of it are asked for afterwards.
    """
    seen: set[str] = set()
    found = []
    for number, step in enumerate(lesson.steps):
        name = step.state.project
        asks = any(isinstance(part, Predict) for part in step.parts)
        if not name or name in seen or step.state.fault or not asks:
            continue
        seen.add(name)
        if building.buildable(projects[name]):
            found.append(number)
    return tuple(found)


def with_building(
    lesson: Lesson, projects: Mapping[str, Project], before: Collection[int]
) -> Lesson:
    """The lesson with a page before each of these steps, on which its network is to be built."""
    steps: list[LessonStep] = []
    for number, step in enumerate(lesson.steps):
        if number in before:
            steps.append(_page(step.state.project, projects[step.state.project], step.line))
        steps.append(step)
    return replace(lesson, steps=tuple(steps))


def _page(name: str, project: Project, line: int) -> LessonStep:
    return LessonStep(
        _("From nothing"),
        State(hide=EVERYTHING),
        (
            Text(
                _("The canvas is empty. What is to be built: {formula}").format(
                    formula=building.said(project)
                )
            ),
            Text(_("Its inputs: {values}").format(values=building.values_said(project))),
            Text(_("What comes of it stays hidden: those numbers are asked for afterwards.")),
            Do(
                _("Build it. Every network that computes the same is right."),
                (f"{stage.COMPUTES} {name}",),
                _("The next page has it."),
                line,
            ),
        ),
        line,
        builds=name,
    )


def rule_of(recording: Recording, quantity: Quantity) -> str:
    """By which of `RULES` a gradient comes; empty for values, and where there is nothing to say."""
    if quantity.kind == VALUE:
        return ""
    wires: list[Wire] = [
        wire for wire in recording.contributions if source_of(recording, wire) == quantity.node
    ]
    if quantity.wire is not None:
        wires = [quantity.wire]
    if not wires:
        return ""
    if len(wires) > 1:
        return "fork"
    return _RULE_OF.get(recording.graph[wires[0][0]].op.name, "slope")
