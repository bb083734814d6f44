"""Points drawn with the mouse on the decision boundary."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.project import build
from bpstudio.ui.panels.boundary import BoundaryPanel
from bpstudio.ui.panels.point_tools import ERASE, MOVE
from bpstudio.ui.studio import Studio

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
PATIENCE = 60_000


@pytest.fixture
def boundary(studio: Studio, qtbot: QtBot) -> Iterator[BoundaryPanel]:
    panel = BoundaryPanel(studio)
    panel.resize(360, 300)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.refresh()
    panel.tools.draw.setChecked(True)
    yield panel
    panel.close()
    panel.deleteLater()


def at(panel: BoundaryPanel, x: float, y: float) -> QPoint:
    """The pixel of a place of the inputs."""
    axes = panel.map.axes
    assert axes is not None
    across, down = axes.places(np.array([x]), np.array([y]))[0].tolist()
    return QPoint(round(across), round(down))


def stroke(panel: BoundaryPanel, *places: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(panel.map, button, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(panel.map, place)
    QTest.mouseRelease(panel.map, button, pos=places[-1])


def test_one_stroke_is_one_entry_and_undone_as_one(boundary: BoundaryPanel, studio: Studio) -> None:
    past = len(studio.history.past)
    boundary.tools.buttons[1].click()
    start = at(boundary, 0.5, 0.5)
    stroke(boundary, start, start + QPoint(30, 0), start + QPoint(60, 0))
    data = studio.project.data
    assert data is not None
    assert len(data) == 7
    assert data.answers[4:].tolist() == [1, 1, 1]
    assert data.features[4].tolist() == pytest.approx([0.5, 0.5], abs=0.02)
    assert np.diff(data.features[4:, 0]).min() > 0.05
    assert len(studio.history.past) == past + 1
    stroke(boundary, at(boundary, 0.5, 0.2))
    assert len(studio.history.past) == past + 2
    studio.undo()
    studio.undo()
    assert studio.project.data is not None
    assert studio.project.data.recipe["name"] == "xor"


def test_the_map_stays_still_during_a_stroke(boundary: BoundaryPanel) -> None:
    before = boundary.map.axes
    assert before is not None
    corner = QPoint(round(before.rect.right) - 3, round(before.rect.y) + 3)
    QTest.mousePress(boundary.map, LEFT, pos=corner)
    boundary.refresh()
    during = boundary.map.axes
    assert during is not None
    assert (during.x, during.y) == (before.x, before.y)
    QTest.mouseRelease(boundary.map, LEFT, pos=corner)
    boundary.refresh()
    after = boundary.map.axes
    assert after is not None
    assert after.x[1] > before.x[1]


def test_erase_and_move(boundary: BoundaryPanel, studio: Studio) -> None:
    boundary.tools.buttons[MOVE].click()
    stroke(boundary, at(boundary, 0, 0), at(boundary, 0.4, 0.3))
    data = studio.project.data
    assert data is not None
    assert data.features[0].tolist() == pytest.approx([0.4, 0.3], abs=0.03)
    boundary.refresh()
    boundary.tools.buttons[ERASE].click()
    stroke(boundary, at(boundary, 1, 1))
    assert studio.project.data is not None
    assert len(studio.project.data) == 3
    boundary.refresh()
    boundary.tools.buttons[0].click()
    stroke(boundary, at(boundary, 0, 1), button=RIGHT)
    assert len(studio.project.data) == 2


def test_a_curve_gets_points_too(boundary: BoundaryPanel, studio: Studio) -> None:
    studio.begin(build.network(toys.make("sine"), (1, 4, 1)))
    boundary.refresh()
    stroke(boundary, at(boundary, 0.0, 0.7))
    data = studio.project.data
    assert data is not None
    assert (data.features[-1, 0], data.answers[-1, 0]) == pytest.approx((0.0, 0.7), abs=0.03)


def test_no_tools_where_nothing_can_be_drawn(boundary: BoundaryPanel, studio: Studio) -> None:
    studio.begin(build.network(toys.make("iris"), (4, 4, 3)))
    boundary.refresh()
    assert not boundary.tools.isVisible()
    assert not boundary.tools.draw.isChecked()


def test_without_a_tool_a_click_chooses_an_example(boundary: BoundaryPanel, studio: Studio) -> None:
    boundary.tools.draw.setChecked(False)
    stroke(boundary, at(boundary, 0, 1))
    assert studio.shown.row == 1
    assert studio.project.data is not None
    assert len(studio.project.data) == 4


def test_training_goes_on_with_the_new_points(
    boundary: BoundaryPanel, studio: Studio, qtbot: QtBot
) -> None:
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 0, timeout=PATIENCE)
    stroke(boundary, at(boundary, 0.5, 0.5))
    assert studio.shown.training
    step = studio.shown.step
    qtbot.waitUntil(lambda: studio.shown.step > step + 50, timeout=PATIENCE)
    studio.pause()
    assert studio.project.data is not None
    assert len(studio.project.data) == 5
    metrics = studio.shown.metrics
    assert metrics is not None
    assert metrics.accuracy in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def test_a_point_is_undone_while_it_trains_and_training_goes_on(
    boundary: BoundaryPanel, studio: Studio, qtbot: QtBot
) -> None:
    studio.train()
    qtbot.waitUntil(lambda: studio.shown.step > 0, timeout=PATIENCE)
    stroke(boundary, at(boundary, 0.5, 0.2))
    assert studio.training.running
    assert studio.project.data is not None
    assert len(studio.project.data) == 5
    step = studio.shown.step
    studio.undo()
    assert studio.training.running
    assert len(studio.project.data) == 4
    qtbot.waitUntil(lambda: studio.shown.step > step, timeout=PATIENCE)
    studio.redo()
    assert studio.training.running
    assert len(studio.project.data) == 5
    studio.pause()
    qtbot.waitUntil(lambda: not studio.training.running, timeout=PATIENCE)
    studio.undo()
    assert studio.project.trained.steps == 0
    assert len(studio.project.data) == 5
