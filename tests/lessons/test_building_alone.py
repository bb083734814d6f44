"""Networks built from nothing: whatever computes the same passes, and what lacks is said."""

from __future__ import annotations

import pytest

from bpstudio.engine import formula
from bpstudio.lessons import building, fading
from bpstudio.lessons.shelf import ours
from bpstudio.project import build
from bpstudio.project.project import Project

VALUES = {"x": -2.0, "y": 5.0, "z": -4.0}


def lesson_project(lesson: str, name: str) -> Project:
    """A project of a lesson."""
    return next(each for each in ours() if each.folder.name == lesson).read("en").project(name)


def built(text: str, **values: float) -> Project:
    """A network that somebody built."""
    return build.from_formula(formula.build(text, values))


@pytest.fixture
def wanted() -> Project:
    """(x + y) · z at −2, 5, −4."""
    return lesson_project("03-chain-rule", "chain.bps")


@pytest.mark.parametrize(
    "text", ["(x + y)*z", "z*(y + x)", "x*z + y*z", "f = z*x + z*y", "-(x + y)*(-z)"]
)
def test_whatever_computes_the_same_is_right(wanted: Project, text: str) -> None:
    assert building.lacking(built(text, **VALUES), wanted) == ""


def test_names_are_free(wanted: Project) -> None:
    assert building.lacking(built("(a + b)*c", a=5.0, b=-2.0, c=-4.0), wanted) == ""
    crossed = built("(y + z)*x", x=-4.0, y=-2.0, z=5.0)
    assert building.lacking(crossed, wanted) == ""


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("(x + y)*z", {**VALUES, "z": -3.0}, "z = −4"),
        ("x + y", {"x": -2.0, "y": 5.0}, "z = −4"),
        ("x + y*z", VALUES, "At the end comes −22"),
        ("(x + y)*z*1", {**VALUES, "z": -4.0}, ""),
        ("3*z + 0*x*y", VALUES, "only for these values"),
    ],
)
def test_what_lacks_is_said(
    wanted: Project, text: str, values: dict[str, float], said: str
) -> None:
    found = building.lacking(built(text, **values), wanted)
    assert said in found
    assert bool(found) is bool(said)


def test_a_number_that_is_right_by_chance_is_not_enough() -> None:
    wanted = lesson_project("06-forks", "double.bps")
    value = wanted.given["a.value"].item()
    assert building.lacking(built("a + a", a=value), wanted) == ""
    by_chance = building.lacking(built(f"a + {value}", a=value), wanted)
    assert by_chance
    assert "At the end" not in by_chance


def test_nothing_and_loose_ends_are_told(wanted: Project) -> None:
    assert building.lacking(Project(), wanted)
    loose = building.lacking(lesson_project("01-forward", "build.bps"), wanted)
    assert "apples" in loose and "price" in loose


def test_every_lesson_network_passes_for_itself_and_no_other() -> None:
    asked = 0
    for shelved in ours():
        lesson = shelved.read("en")
        projects = {name: lesson.project(name) for name in lesson.projects}
        numbers = fading.to_build(lesson, projects)
        paged = fading.with_building(lesson, projects, numbers)
        assert len(paged.steps) == len(lesson.steps) + len(numbers)
        names = [step.builds for step in paged.steps if step.builds]
        assert len(set(names)) == len(names)
        for name in names:
            assert building.lacking(projects[name], projects[name]) == ""
            assert building.said(projects[name]) and building.values_said(projects[name])
        for one in names:
            assert all(building.lacking(projects[one], projects[o]) for o in names if o != one)
        asked += len(names)
    assert asked >= 15
