"""Exercises from a seed, hints that help and do not tell, and faults that can be found."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from bpstudio.engine.check import check_recording
from bpstudio.engine.fault import Fault, planted
from bpstudio.errors import StudioError
from bpstudio.lessons.answers import askable, judge, read
from bpstudio.lessons.exercises import (
    DIFFICULTIES,
    USUAL_COUNT,
    Result,
    exercises,
    progress,
    table,
)
from bpstudio.lessons.hints import LEVELS, hint, said
from bpstudio.lessons.lab import findable, planting
from bpstudio.lessons.rules import Rule
from bpstudio.playback.veil import array_of, quantities
from tests.engine.test_acceptance import EXAMPLES, recorded
from tests.playback.drawing import of_formula, timeline


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_a_set_is_the_same_for_a_seed_and_can_be_answered(difficulty: int) -> None:
    made, again = exercises(5, difficulty), exercises(5, difficulty)
    assert len(made) == USUAL_COUNT
    assert [e.text for e in made] == [e.text for e in again]
    for one, other in zip(made, again, strict=True):
        assert one.asked == other.asked
        assert one.asked
        for key, value in one.project.given.items():
            np.testing.assert_array_equal(value, other.project.given[key])
        for quantity in one.asked:
            exact = array_of(one.recording, quantity)
            assert exact is not None
            assert askable(one.recording, quantity)
            text = " ".join(f"{number:.6g}" for number in exact.ravel())
            assert judge(one.recording, quantity, read(text, exact.shape)).right


def test_sets_of_other_seeds_differ() -> None:
    texts = {tuple(e.text for e in exercises(seed, 3)) for seed in range(10)}
    assert len(texts) == 10


@pytest.mark.parametrize(("difficulty", "count"), [(0, 3), (9, 3), (1, 0), (1, 1000)])
def test_a_set_that_there_is_not(difficulty: int, count: int) -> None:
    with pytest.raises(StudioError):
        exercises(1, difficulty, count)


def test_results_as_csv_have_no_names() -> None:
    rules = (Rule.SIGN, Rule.LOST_SUM)
    made = Result(7, 3, 1, "f = (x + y) * x", "gradient of x", True, 2, 1, rules)
    text = table([made])
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["asked"] == "gradient of x"
    assert row["rules"] == "sign | lost sum"
    assert not {"name", "student", "user"} & set(row)
    assert progress([made]) == (0, 1)


def test_each_hint_says_more_and_none_says_the_answer() -> None:
    recording = timeline(of_formula("f = (x + y) * x", x=-2, y=5)).recording
    asked = {said(recording.graph, q): q for q in quantities(recording)}
    x = asked["gradient of x"]
    one, two, three = (hint(recording, x, level) for level in range(1, LEVELS + 1))
    assert "added" in one
    assert "swaps" in one
    assert "local: + (add1)" in two
    assert "1.00 (upstream) × 3.00 (local) = ?" in three
    assert hint(recording, asked["value of + (add1)"], 3) == "−2.00 + 5.00 = ?"
    assert "begins here" in hint(recording, asked["gradient of f"], 1)
    with pytest.raises(StudioError):
        hint(recording, x, 4)


@pytest.mark.parametrize("example", EXAMPLES)
def test_there_are_hints_for_everything(example: str) -> None:
    recording = recorded(EXAMPLES[example])
    for quantity in quantities(recording):
        assert said(recording.graph, quantity)
        for level in range(1, LEVELS + 1):
            assert hint(recording, quantity, level)


def test_every_kind_of_fault_can_be_found() -> None:
    found: set[Fault] = set()
    for example in EXAMPLES.values():
        recording = recorded(example)
        for plant in findable(recording):
            check = check_recording(planted(recording, plant))
            assert check.blamed == (plant.node,)
            found.add(plant.fault)
    assert set(Fault) - found <= {Fault.NOT_AVERAGED, Fault.NOT_CLEARED}


def test_the_same_seed_plants_the_same_fault() -> None:
    recording = recorded(EXAMPLES["E06_staged"])
    assert planting(recording, 3, 2) == planting(recording, 3, 2)
    kinds = {planting(recording, seed, 1).plant.fault for seed in range(12)}
    assert len(kinds) > 1
    lab = planting(recording, 3, 2)
    assert not lab.over
    with pytest.raises(StudioError):
        planting(recording, 1, 9)
