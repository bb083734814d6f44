"""A lesson checked: every answer recomputed, every wrong one rejected, every state reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bpstudio.engine.check import check_recording
from bpstudio.engine.fault import planted
from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.lessons import keys, stage
from bpstudio.lessons.answers import accepts, read
from bpstudio.lessons.exhibits import kinds
from bpstudio.lessons.lesson import (
    Choose,
    Do,
    Lesson,
    LessonStep,
    Predict,
    Text,
    Tried,
    quantity_of,
    wrong_at,
)
from bpstudio.lessons.shelf import Shelved
from bpstudio.playback.timeline import Timeline
from bpstudio.playback.veil import array_of
from bpstudio.project.project import Project


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one question or state: `problem` is empty where all is well."""

    path: Path
    line: int
    what: str
    computed: Array | None = None
    problem: str = ""


def check(shelved: Shelved) -> tuple[Outcome, ...]:
    """Everything of a lesson in all of its languages, and whether these say the same."""
    outcomes: list[Outcome] = []
    lessons: list[Lesson] = []
    for language, path in shelved.files:
        try:
            lesson = shelved.read(language)
        except StudioError as error:
            outcomes.append(Outcome(path, 0, path.name, problem=str(error)))
            continue
        lessons.append(lesson)
        outcomes += check_lesson(lesson)
    outcomes += [
        Outcome(other.path, line, _("the same in both languages"), problem=problem)
        for other in lessons[1:]
        for line, problem in _apart(lessons[0], other)
    ]
    return tuple(outcomes)


def check_lesson(lesson: Lesson) -> tuple[Outcome, ...]:
    """Everything of a lesson in one language."""
    return tuple(_outcomes(lesson))


def _outcomes(lesson: Lesson) -> Iterator[Outcome]:
    projects: dict[str, Project] = {}
    changed = False
    for place, step in enumerate(lesson.steps):
        name = lesson.project_at(place)
        changed = changed and not step.state.project
        try:
            if name and name not in projects:
                projects[name] = lesson.project(name)
        except StudioError as error:
            yield Outcome(lesson.path, step.line, step.title, problem=str(error))
            continue
        project = projects.get(name)
        yield _tried(
            lesson, step.line, step.title, partial(_state, step, project, sure=not changed)
        )
        for part in step.parts:
            match part:
                case Predict():
                    yield _tried(lesson, part.line, part.ask, partial(_answer, part, project))
                case Do():
                    compute = partial(_conditions, part, step, lesson, project)
                    yield _tried(lesson, part.line, part.ask, compute)
                case Tried():
                    yield _tried(lesson, part.line, part.kind, partial(_exhibit, part, project))
                case Choose():
                    yield Outcome(lesson.path, part.line, part.ask)
        changed = changed or any(isinstance(part, Do) for part in step.parts)


def _tried(lesson: Lesson, line: int, what: str, compute: Callable[[], Array | None]) -> Outcome:
    try:
        return Outcome(lesson.path, line, what, compute())
    except StudioError as error:
        return Outcome(
            lesson.path, line, what, problem=str(wrong_at(lesson.path, line, "{it}", it=str(error)))
        )


def _answer(question: Predict, project: Project | None) -> Array:
    """The true answer, if the lesson's is right and its wrong ones are wrong."""
    exact = keys.computed(question.key, project)
    if not accepts(read(question.answer, exact.shape), exact):
        raise StudioError(
            N_("the answer is given as {given}, but it is {exact}."),
            given=question.answer,
            exact=_written(exact),
        )
    for wrong in question.wrong:
        if accepts(read(wrong.text, exact.shape), exact):
            raise StudioError(
                N_("{wrong} is given as wrong, but {exact} is right, so it would be accepted."),
                wrong=wrong.text,
                exact=_written(exact),
            )
    return exact


def _state(step: LessonStep, project: Project | None, *, sure: bool) -> None:
    """Whether everything that the state names is there.

    `sure` says that nobody was asked to change the project since it was shown.
    """
    state = step.state
    if project is None:
        if state.moment or state.highlight or state.line or state.fault:
            raise StudioError(N_("the state shows no project yet."))
        return
    recording = keys.recording_of(project)
    if state.fault:
        plant = stage.plant_of(state.fault)
        blamed = check_recording(planted(recording, plant)).blamed
        if blamed != (plant.node,):
            template = N_("the gradient check does not find {fault}: it blames {nodes}.")
            nodes = ", ".join(blamed) or "–"
            raise StudioError(template, fault=state.fault, nodes=nodes)
    unknown = [node for node in (*state.highlight, state.line) if node]
    unknown = [node for node in unknown if node not in project.graph.nodes]
    if unknown and sure:
        raise StudioError(
            N_("the network has no {missing}; it has {known}."),
            missing=", ".join(unknown),
            known=", ".join(project.graph.nodes),
        )
    if state.moment and sure:
        stage.time_of(state.moment, Timeline(recording))
    for part in step.parts:
        asked = quantity_of(part.key) if isinstance(part, Predict) else None
        if asked is not None and array_of(recording, asked) is None and sure:
            raise StudioError(
                N_("{kind} {of}: the network has no such number. Its nodes: {known}."),
                kind=asked.kind,
                of=asked.node,
                known=", ".join(project.graph.nodes),
            )


def _exhibit(part: Tried, project: Project | None) -> None:
    """Whether it can be made, and drawn."""
    made = kinds.begin(part.kind, part.of, project)
    made.controls(), made.picture(), made.said()


def _conditions(question: Do, step: LessonStep, lesson: Lesson, project: Project | None) -> None:
    shown = step.tried
    known = kinds.begin(shown.kind, shown.of, project).facts() if shown is not None else {}
    for condition in question.until:
        stage.check_condition(condition)
        name, _space, words = condition.partition(" ")
        if name == stage.COMPUTES and words.strip() not in lesson.projects:
            raise StudioError(
                N_("the lesson has no project {missing}; it has {known}."),
                missing=words.strip(),
                known=", ".join(lesson.projects) or "–",
            )
        fact = words.partition("=")[0].strip()
        if name == "exhibit" and fact not in known:
            raise StudioError(
                N_("the step's exhibit tells nothing of {fact}; it tells of {known}."),
                fact=fact,
                known=", ".join(known) or "–",
            )


def _apart(one: Lesson, other: Lesson) -> Iterator[tuple[int, str]]:
    """Where two languages of a lesson do not say the same: the line in the other, and what."""
    if len(one.steps) != len(other.steps):
        template = _("{count} steps here, but {other} in {name}.")
        yield (
            1,
            template.format(count=len(other.steps), other=len(one.steps), name=one.path.name),
        )
        return
    for ours, theirs in zip(one.steps, other.steps, strict=True):
        if ours.state != theirs.state:
            yield (
                theirs.line,
                _("the state of the step differs from that in {name}.").format(name=one.path.name),
            )
        if ours.tried != theirs.tried:
            yield (
                theirs.line,
                _("the exhibit of the step differs from that in {name}.").format(
                    name=one.path.name
                ),
            )
        if list(map(_gist, ours.questions)) != list(map(_gist, theirs.questions)):
            yield (
                theirs.line,
                _("the questions of the step differ from those in {name}.").format(
                    name=one.path.name
                ),
            )


def _gist(part: object) -> object:
    """What of a question must be the same in every language."""
    match part:
        case Predict():
            return "predict", part.key, part.answer, tuple(wrong.text for wrong in part.wrong)
        case Choose():
            return "choose", tuple(option.right for option in part.options)
        case Do():
            return "do", part.until
        case Text():
            return "text"
    return "reflect"


def _written(array: Array) -> str:
    return f"{array.item():.10g}" if array.size == 1 else str(np.asarray(array).tolist())
