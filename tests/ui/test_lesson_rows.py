"""What the lessons must know, row by row: every number recomputed, typed, and taken; every common
slip met with its reason.

`rows.json` beside the tests of lessons has a row for each thing that is asked, by network and key
or, where it is a choice, with the experiment that shows the truth of it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.engine.check import check_recording
from bpstudio.engine.fault import planted
from bpstudio.exchange import formats
from bpstudio.language import LANGUAGES
from bpstudio.lessons import keys, stage
from bpstudio.lessons.answers import accepts
from bpstudio.lessons.exhibits import kinds, wall
from bpstudio.lessons.exhibits.exhibit import Exhibit
from bpstudio.lessons.lesson import Choose, Key, Lesson, Predict
from bpstudio.lessons.reading import _key
from bpstudio.lessons.shelf import ours
from bpstudio.playback.timeline import BACKWARD, Timeline
from bpstudio.project.project import Project
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.studio import Studio

ROWS: Mapping[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "lessons" / "rows.json").read_text("utf-8")
)
ASKED = ROWS["asked"]
NUMBERS = [row for row in ASKED if "keys" in row]
CHOICES = [row for row in ASKED if "shown" in row]


def key_of(text: str) -> Key:
    """A key as a lesson's file has it."""
    return _key(text, Path("row"), 0)


@functools.cache
def lesson(name: str, language: str = "en") -> Lesson:
    """A lesson by its folder."""
    return next(each for each in ours() if each.folder.name == name).read(language)


def project_of(name: str, project: str) -> Project | None:
    """A project of a lesson; None where the row is about none."""
    return lesson(name).project(f"{project}.bps") if project else None


def predictions(name: str) -> Iterator[tuple[int, int, Predict]]:
    """Each question for a number, with its step and its number in the step."""
    for place, step in enumerate(lesson(name).steps):
        for number, question in enumerate(step.questions):
            if isinstance(question, Predict):
                yield place, number, question


def found(name: str, project: str, key: str) -> tuple[int, int, Predict]:
    """The question that asks for a key of a project."""
    for place, number, question in predictions(name):
        shown = lesson(name).project_at(place)
        if question.key == key_of(key) and (not project or shown == f"{project}.bps"):
            return place, number, question
    raise AssertionError(f"{name} does not ask for {key} of {project}")


def label(row: Mapping[str, Any]) -> str:
    return f"{row['lesson']}-{row['say' if 'say' in row else 'key']}".replace(" ", "-")


def test_all_rows_are_there() -> None:
    assert len(ASKED) == 53
    per_lesson = [sum(row["lesson"] == each.folder.name for row in ASKED) for each in ours()]
    assert per_lesson == [2, 3, 4, 4, 2, 3, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2]
    assert (len(ROWS["slips"]), len(ROWS["slides"])) == (16, 13)
    assert {row["lesson"] for row in ROWS["misconceptions"]} == {
        each.folder.name for each in ours()
    }


@pytest.mark.parametrize("row", NUMBERS, ids=label)
def test_every_number_is_recomputed(row: dict[str, Any]) -> None:
    project = project_of(row["lesson"], row["project"])
    computed = [np.ravel(keys.computed(key_of(key), project)) for key in row["keys"]]
    exact, wanted = np.concatenate(computed), np.ravel(np.array(row["answer"], dtype=float))
    assert accepts(wanted, exact), exact
    # As many figures as the row gives are right.
    spoken = max(len(f"{number:g}".lstrip("-0.").replace(".", "")) for number in wanted)
    if spoken > 3:
        np.testing.assert_allclose(wanted, exact, rtol=10.0 ** (1 - min(spoken, 6)), atol=1e-9)


@pytest.mark.parametrize("row", NUMBERS, ids=label)
def test_it_is_asked_and_taken_with_a_point_a_comma_or_as_a_slide_rounds_it(
    studio: Studio, row: dict[str, Any]
) -> None:
    if row["say"] == "4 times -3, and x a thousandth up":
        # −12.003 can't be told from −12 by two decimals: the thousandths are asked for.
        row = {**row, "keys": ["formula 1000 * (x * y + 12) with x = 4.001, y = -3"]}
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if each.folder.name == row["lesson"]))
    for key in row["keys"]:
        place, number, _question = found(row["lesson"], row["project"], key)
        project = project_of(row["lesson"], row["project"])
        exact = np.asarray(keys.computed(key_of(key), project), dtype=float)
        plain = " ".join(f"{entry:.10g}" for entry in exact.ravel())
        rounded = " ".join(f"{entry:.2f}" for entry in exact.ravel())
        for typed in (plain, plain.replace(".", ","), rounded.replace("-", "−"), rounded):
            lecture._enter(place)
            assert lecture.answer(number, typed).right, typed
    lecture.leave()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", ROWS["slips"], ids=lambda row: f"{row['key']}={row['typed']}")
def test_every_common_slip_is_rejected_with_a_reason(
    studio: Studio, row: dict[str, Any], language: str
) -> None:
    studio.prefer(language=language)
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if each.folder.name == row["lesson"]))
    place, number, _question = found(row["lesson"], row["project"], row["key"])
    for typed in (row["typed"], row["typed"].replace(".", ",")):
        lecture._enter(place)
        reply = lecture.answer(number, typed)
        assert not reply.done
        question = lecture.step.questions[number]
        assert isinstance(question, Predict)
        assert reply.sentence in {wrong.reason for wrong in question.wrong}
    lecture.leave()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", ROWS["misconceptions"], ids=label)
def test_every_misconception_is_met(studio: Studio, row: dict[str, Any], language: str) -> None:
    studio.prefer(language=language)
    lecture = lecture_of(studio)
    lecture.begin(next(each for each in ours() if each.folder.name == row["lesson"]))
    met = 0
    for place, step in enumerate(lesson(row["lesson"]).steps):
        for number, question in enumerate(step.questions):
            for typed in wrong_answers(question, row["reason"]):
                lecture._enter(place)
                reply = lecture.answer(number, typed)
                assert not reply.done
                assert len(reply.sentence) > 5
                met += 1
    assert met
    lecture.leave()


def wrong_answers(question: object, reason: str) -> Iterator[str]:
    """What is typed or chosen by who is told that reason."""
    if isinstance(question, Predict):
        yield from (wrong.text for wrong in question.wrong if reason in wrong.reason)
    elif isinstance(question, Choose):
        options = enumerate(question.options)
        yield from (str(n) for n, option in options if reason in option.reason)


@pytest.mark.parametrize("row", ROWS["slides"], ids=lambda row: f"{row['key']}={row['typed']}")
def test_what_slides_round_to_is_taken(row: dict[str, str]) -> None:
    from bpstudio.lessons.answers import read

    project = project_of("04-sigmoid-neuron", "neuron")
    exact = keys.computed(key_of(row["key"]), project)
    assert accepts(read(row["typed"], exact.shape), exact)


# -- what is chosen, shown by an experiment -------------------------------------------------------


def exhibit(name: str, kind: str) -> Exhibit:
    """The first exhibit of that kind in a lesson."""
    for place, step in enumerate(lesson(name).steps):
        if step.tried is not None and step.tried.kind == kind:
            shown = lesson(name).project_at(place)
            project = lesson(name).project(shown) if shown else None
            return kinds.begin(kind, step.tried.of, project)
    raise AssertionError(kind)


def to_end(made: Exhibit) -> Exhibit:
    """Let it go on until it stops."""
    while (after := made.ticked()) is not None:
        made = after
    return made


def changed_by_tax(_folder: Path) -> list[str]:
    project = project_of("01-forward", "apples")
    assert project is not None
    before, after = (
        keys.recording_of(replaced).values
        for replaced in (project, with_given(project, "tax", 1.2))
    )
    moved = [node for node in before if not np.array_equal(before[node], after[node])]
    return [node for node in moved if node != "tax"]


def with_given(project: Project, node: str, value: float) -> Project:
    """The project with another typed value."""
    from bpstudio.project import edits

    return edits.set_value(project, f"{node}.value", np.array(value))


def tiny_h_is_better(_folder: Path) -> bool:
    nudge = exhibit("02-nudge", "nudge")
    errors = [nudge.acted("h", place).facts()["error"] for place in range(15)]
    return bool(errors[14] < errors[4])


def comes_to_rest_at_1_1(_folder: Path) -> bool:
    ball = exhibit("07-descent", "descent").acted("rate", 8)
    places = []
    for _step in range(5):
        ball = ball.acted("step")
        places.append(ball.facts()["w"])
    np.testing.assert_allclose(places, [-3.6, 4.32, -5.184, 6.2208, -7.46496], rtol=1e-12)
    return abs(places[-1]) < abs(places[0])


def ten_sigmoids(_folder: Path) -> float:
    stack = exhibit("11-activations", "stack")
    for _more in range(9):
        stack = stack.acted("more")
    return stack.facts()["gradient"]


def first_gate_back(_folder: Path) -> str:
    project = project_of("12-layers", "gate")
    assert project is not None
    recording = keys.recording_of(project)
    timeline = Timeline(recording)
    begin, _end = timeline.span(BACKWARD)
    node = timeline.moments[begin].node
    assert node == recording.forward[-1].node
    return node


def check_agrees(_folder: Path) -> bool:
    project = project_of("02-nudge", "neuron")
    assert project is not None
    return bool(check_recording(keys.recording_of(project)).max_relative_error <= 1e-7)


@functools.cache
def trained(units: int, strength: int) -> Mapping[str, float]:
    """The exhibit on capacity, trained to its end."""
    begun = exhibit("14-capacity", "capacity").acted(f"units {units}").acted("lambda", strength)
    return to_end(begun.acted("go")).facts()


def islands_of_twenty(_folder: Path) -> bool:
    return trained(2, 0)["regions"] > 3


def best_decay(_folder: Path) -> float:
    decays = {1: 0.001, 2: 0.01, 3: 0.1}
    return decays[max(decays, key=lambda place: trained(2, place)["test"])]


def solved(place: int) -> Callable[[Path], float]:
    return lambda _folder: to_end(wall.of_units(place).acted("go")).facts()["solved"]


def exports_apart(folder: Path) -> list[float]:
    """The difference in float32 and in float64, each with what is allowed where it is less."""
    project = project_of("16-break-it", "norm")
    assert project is not None
    apart = []
    for format, allowed in (("onnx", 1e-6), ("numpy", 1e-12)):
        path = folder / format
        formats.export(project, format, path)
        difference = formats.verify(project, format, path).max_difference
        assert difference is not None
        apart.append(max(difference, allowed))
    return apart


EXPERIMENTS: Mapping[str, Callable[[Path], Any]] = {
    "changed_by_tax": changed_by_tax,
    "tiny_h_is_better": tiny_h_is_better,
    "comes_to_rest_at_1_1": comes_to_rest_at_1_1,
    "ten_sigmoids": ten_sigmoids,
    "first_gate_back": first_gate_back,
    "check_agrees": check_agrees,
    "islands_of_twenty": islands_of_twenty,
    "best_decay": best_decay,
    "solved_by_2": solved(1),
    "solved_by_4": solved(2),
    "solved_by_1": solved(0),
    "exports_apart": exports_apart,
}


@pytest.mark.parametrize("row", CHOICES, ids=label)
def test_what_is_chosen_is_shown_by_an_experiment(tmp_path: Path, row: dict[str, Any]) -> None:
    outcome = EXPERIMENTS[row["shown"]](tmp_path)
    if isinstance(row["answer"], float | int) and not isinstance(row["answer"], bool):
        assert abs(outcome - row["answer"]) <= row["within"]
    else:
        assert outcome == row["answer"]
    options = [
        option
        for step in lesson(row["lesson"]).steps
        for question in step.questions
        if isinstance(question, Choose)
        for option in question.options
    ]
    assert any(option.right and option.text.startswith(row["right"]) for option in options)


def test_the_check_finds_each_planted_fault() -> None:
    (row,) = [row for row in ASKED if "found" in row]
    blamed = {}
    for place, step in enumerate(lesson(row["lesson"]).steps):
        if step.state.fault:
            name = lesson(row["lesson"]).project_at(place)
            recording = keys.recording_of(lesson(row["lesson"]).project(name))
            found = check_recording(planted(recording, stage.plant_of(step.state.fault))).blamed
            (blamed[name.removesuffix(".bps")],) = found
    assert blamed == row["answer"]
