"""Checks and races beside the window, the graph in the colours of its errors, and the curve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bpstudio.engine import fault
from bpstudio.engine.check import check_recording
from bpstudio.engine.race import FORWARD_MODE, NUMERIC, REVERSE
from bpstudio.engine.run import record
from bpstudio.playback.error_chart import NUDGES, best, error_marks, power_of
from bpstudio.playback.marks import Box, Line, Rect, Text
from bpstudio.playback.palette import THEMES
from bpstudio.playback.scene import scene
from bpstudio.playback.tint import BAD, FINE, KINK, RIGHT, WRONG, Tint, depth, tint_of, tinted
from bpstudio.project import edits, placing
from bpstudio.project.project import Project, arguments
from bpstudio.ui.panels.checking import CheckingPanel
from bpstudio.ui.studio import Studio

PATIENCE = 60_000


@pytest.fixture
def panel(studio: Studio) -> Iterator[CheckingPanel]:
    made = CheckingPanel(studio)
    made.resize(620, 320)
    made.show()
    made.refresh()
    yield made
    made.close()
    made.deleteLater()


def kinked() -> Project:
    """max(x, y) where both are the same, times z."""
    project = placing.add_formula(Project(), "f = max(x, y) * z")
    for key, value in {"x": 2.0, "y": 2.0, "z": -4.0}.items():
        project = edits.set_value(project, f"{key}.value", value)
    return project


def chips(project: Project, tint: Tint) -> dict[str, str]:
    """What is written at each body that is tinted."""
    laid_out = scene(project)
    texts = [mark for mark in tinted(laid_out, tint) if isinstance(mark, Text)]
    found = {}
    for text in texts:
        body = min(
            laid_out.each,
            key=lambda each: abs(each.rect.centre[0] - text.x) + abs(each.rect.y - text.y),
        )
        found[body.node.id] = "".join(span.text for span in text.spans)
    return found


def test_a_check_of_all_wires_runs_beside_the_window(
    studio: Studio, panel: CheckingPanel, qtbot: QtBot
) -> None:
    checking = studio.checking
    seen: list[int] = []
    checking.moved.connect(lambda: seen.append(checking.progress.done if checking.progress else 0))
    panel.check.button.click()
    assert checking.running == "check"
    qtbot.waitUntil(lambda: not checking.running, timeout=PATIENCE)
    assert checking.check is not None and checking.check.wires
    assert max(seen) > 0
    assert not any(entry.wrong for entry in checking.check.nodes.values())
    assert not panel.check.button.isVisible()


def test_the_graph_is_coloured_and_the_colours_go_with_the_numbers(
    studio: Studio, panel: CheckingPanel, qtbot: QtBot
) -> None:
    panel.check.colour.setChecked(True)
    qtbot.waitUntil(lambda: studio.shown.tint is not None, timeout=PATIENCE)
    tint = studio.shown.tint
    assert tint is not None and set(tint.errors) >= {"dense1", "tanh1", "loss1"}
    studio.show_position(1.0)
    assert studio.shown.tint is tint
    panel.check.colour.setChecked(False)
    assert studio.shown.tint is None
    panel.check.colour.setChecked(True)  # what is known already is shown at once
    assert studio.shown.tint is not None
    studio.do("x", edits.set_value, "dense1.bias", np.ones(4))
    assert studio.shown.tint is None and studio.checking.check is None


def test_what_runs_is_given_up_when_the_numbers_change(studio: Studio) -> None:
    studio.checking.start_check(tint=True)
    studio.do("x", edits.set_value, "dense1.bias", np.ones(4))
    assert not studio.checking.running and studio.shown.tint is None


def test_a_planted_fault_is_blamed_on_the_graph(studio: Studio, qtbot: QtBot) -> None:
    recording = studio.shown.recording
    assert recording is not None
    plant = next(each for each in fault.plantable(recording) if each.node == "tanh1")
    tint = tint_of(check_recording(fault.planted(recording, plant)))
    assert tint.blamed == {"tanh1"} and depth(tint.errors["tanh1"]) == 1.0
    assert chips(studio.project, tint)["dense1"].startswith(WRONG)
    assert chips(studio.project, tint)["loss1"].startswith(RIGHT)


def test_a_kink_is_named_a_kink(studio: Studio) -> None:
    project = kinked()
    recording = record(project.graph, arguments(project), {})
    tint = tint_of(check_recording(recording))
    assert "max1" in tint.kinks
    texts = chips(project, tint)
    assert texts["max1"] == f"{KINK} kink" and texts["z"].startswith(RIGHT)
    dashed = [m for m in tinted(scene(project), tint) if isinstance(m, Box) and m.dash]
    assert {mark.stroke.role for mark in dashed if mark.stroke} == {"local"}


def test_the_colour_goes_by_powers_of_ten() -> None:
    assert depth(0.0) == depth(FINE) == 0.0
    assert depth(BAD) == depth(3.0) == depth(float("inf")) == depth(float("nan")) == 1.0
    assert depth(float(np.sqrt(FINE * BAD))) == pytest.approx(0.5)


def test_a_race_is_run_beside_the_window_and_told(
    studio: Studio, panel: CheckingPanel, qtbot: QtBot
) -> None:
    panel.race.start.click()
    assert studio.checking.running == "race" and panel.race.cancel.isVisible()
    qtbot.waitUntil(lambda: not studio.checking.running, timeout=PATIENCE)
    race = studio.checking.race
    assert race is not None and race.over
    counts = {way: panel.race.passes[way].text() for way in (REVERSE, FORWARD_MODE, NUMERIC)}
    assert counts == {REVERSE: "1", FORWARD_MODE: "17", NUMERIC: "34"}
    assert "17 numbers" in panel.race.words.text()
    panel.race.start.click()
    panel.race.cancel.click()
    assert not studio.checking.running


def test_the_error_against_h_grows_from_the_right_and_has_a_best(
    studio: Studio, panel: CheckingPanel, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: len(panel.curve.curve) == len(NUDGES), timeout=PATIENCE)
    found = best(panel.curve.curve)
    assert found is not None and 1e-7 < found.h < 1e-3
    errors = {each.h: each.central_error for each in panel.curve.curve}
    assert errors[NUDGES[-1]] > 1e3 * found.central_error  # what is cut off
    assert errors[NUDGES[2]] > 1e3 * found.central_error  # what is rounded
    assert power_of(found.h) in panel.curve.words.text()
    studio.select(["dense2"])
    panel.refresh()
    assert panel.curve.key.currentData() == "dense2.weight" and len(panel.curve.curve) == 0
    panel.curve.hide()


@pytest.mark.parametrize("theme", list(THEMES))
def test_the_chart_stays_in_its_rectangle(
    studio: Studio, panel: CheckingPanel, qtbot: QtBot, theme: str
) -> None:
    qtbot.waitUntil(lambda: len(panel.curve.curve) == len(NUDGES), timeout=PATIENCE)
    rect = Rect(50.0, 8.0, 240.0, 120.0)
    for mark in error_marks(panel.curve.curve, rect, THEMES[theme]):
        if isinstance(mark, Line):
            assert (mark.points[:, 1] >= rect.y - 0.5).all()
            assert (mark.points <= [rect.right + 0.5, rect.bottom + 0.5]).all()
        if isinstance(mark, Text):
            assert mark.rect.y >= rect.y - 1.0


def test_powers_are_written_as_people_do() -> None:
    assert [power_of(h) for h in (1e-5, 10**-5.5, 1.0)] == ["1e−5", "3e−6", "1e0"]
