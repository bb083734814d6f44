"""The panels around the canvas, on a real studio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.playback.palette import THEMES
from bpstudio.project import build, edits, placing
from bpstudio.project.project import Project
from bpstudio.ui import style
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.docks import PANELS
from bpstudio.ui.panels.inspector import InspectorPanel
from bpstudio.ui.panels.panel import Panel
from bpstudio.ui.panels.turns import turns
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window

NAMES = [panel.name for panel in PANELS]
SIZES = [(200, 160), (332, 420)]


@pytest.fixture
def opened(studio: Studio) -> Iterator[list[Panel]]:
    """The panels that a test has opened; they are closed with it."""
    made: list[Panel] = []
    yield made
    for panel in made:
        panel.close()
        panel.deleteLater()


def open_panel(name: str, studio: Studio, opened: list[Panel], size: tuple[int, int]) -> Panel:
    panel = next(panel for panel in PANELS if panel.name == name).make(studio)
    assert isinstance(panel, Panel)
    opened.append(panel)
    panel.resize(*size)
    panel.show()
    QApplication.processEvents()
    return panel


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", THEMES)
def test_a_panel_shows_every_kind_of_project_in_every_theme(
    name: str, theme: str, studio: Studio, opened: list[Panel], dressed: QApplication
) -> None:
    style.apply(dressed, THEMES[theme])
    studio.prefer(theme=theme, language="ko")
    projects = [
        Project(),
        studio.project,
        placing.add_formula(Project(), "f = 1 / (1 + exp(-(w*x + b)))"),
        build.network(toys.make("sine"), (1, 4, 1)),
        build.network(toys.make("spiral", arms=3), (2, 8, 3)),
        edits.disconnect(studio.project, "dense2", "x"),
    ]
    for size in SIZES:
        panel = open_panel(name, studio, opened, size)
        for project in projects:
            studio.begin(project)
            for id in [None, *project.graph.nodes]:
                studio.select([] if id is None else [id])
                panel.refresh()
                panel.grab()
    studio.prefer(language="en")
    panel.refresh()


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name_and_can_be_reached(
    name: str, studio: Studio, opened: list[Panel]
) -> None:
    studio.select(["dense1"])
    panel = open_panel(name, studio, opened, (332, 900))
    controls: list[QWidget] = []
    for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QAbstractItemView):
        controls += panel.findChildren(kind)
    # What a composed widget is made of is reached through it.
    parts = (QAbstractSpinBox, QComboBox, QLineEdit, QAbstractItemView)
    own = [c for c in controls if c.isVisible() and not isinstance(c.parentWidget(), parts)]
    for control in own:
        text = control.text() if isinstance(control, QAbstractButton) else ""
        assert control.accessibleName() or text, control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control


@pytest.mark.parametrize("name", NAMES)
def test_a_panel_that_can_not_be_seen_waits(
    name: str, studio: Studio, opened: list[Panel], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = open_panel(name, studio, opened, (300, 300))
    calls: list[int] = []
    original = panel.refresh

    def counted() -> None:
        calls.append(1)
        original()

    monkeypatch.setattr(panel, "refresh", counted)
    panel.hide()
    studio.show_position(3.0)
    assert not turns(studio)._waiting
    qtbot.wait(30)
    assert not calls
    panel.show()
    assert len(calls) == 1


def test_one_panel_draws_at_a_tick(studio: Studio) -> None:
    order: list[str] = []

    def first() -> None:
        order.append("first")

    def second() -> None:
        order.append("second")

    given = turns(studio)
    assert turns(studio) is given
    given.ask(first)
    given.ask(second)
    given.ask(first)
    assert given._timer.isActive()
    given._give()
    assert order == ["first"]
    given._give()
    assert order == ["first", "second"]
    assert not given._timer.isActive()


def test_a_panel_keeps_its_pause(studio: Studio) -> None:
    drawn: list[int] = []

    def draw() -> None:
        drawn.append(1)

    given = turns(studio)
    for _ in range(3):
        given.ask(draw, pause=3600.0)
        given._give()
    assert len(drawn) == 1
    given.forget(draw)
    assert not given._timer.isActive()


def test_a_panel_that_is_destroyed_while_it_waits_is_forgotten(studio: Studio) -> None:
    panel = next(panel for panel in PANELS if panel.name == "trainer").make(studio)
    assert isinstance(panel, Panel)
    panel.show()
    panel._ask()
    given = turns(studio)
    assert given._timer.isActive()
    shiboken6.delete(panel)  # as it goes with its window: it is not told that nobody sees it
    assert not given._waiting
    assert not given._timer.isActive()


def test_a_canvas_that_was_never_seen_asks_for_nothing(studio: Studio) -> None:
    canvas = Canvas(studio)
    studio.moved.emit(replace(studio.shown, training=True))
    assert not turns(studio)._waiting
    canvas.deleteLater()


def test_at_rest_nobody_keeps_a_pause(studio: Studio) -> None:
    """Training has ended: what would have waited for its next turn is shown as it is now."""
    drawn: list[int] = []

    def draw() -> None:
        drawn.append(1)

    given = turns(studio)
    given.ask(draw, pause=3600.0)
    given._give()
    given.ask(draw, pause=3600.0)
    given._give()
    assert len(drawn) == 1
    given._last[draw] = given._last[draw][0], 0.0
    given.ask(draw)
    given._give()
    assert len(drawn) == 2
    given.forget(draw)


def test_texts_follow_language_and_theme(studio: Studio, opened: list[Panel]) -> None:
    panel = open_panel("trainer", studio, opened, (332, 700))
    studio.prefer(theme="dark")
    assert panel.theme is THEMES["dark"]
    labels = [label.text() for label in panel.findChildren(QLabel)]
    assert "Optimizer" in labels
    studio.prefer(theme="light")
    assert panel.theme is THEMES["light"]


def test_a_panel_behind_a_tab_waits_until_it_comes_to_the_front(
    window: Window, studio: Studio, qtbot: QtBot
) -> None:
    inspector = window.docks.by_name["inspector"].widget()
    assert isinstance(inspector, InspectorPanel)
    window.docks.bring("trainer")
    qtbot.waitUntil(lambda: inspector.visibleRegion().isEmpty())
    studio.show_position(2.5)
    qtbot.wait(60)
    assert inspector._stale
    window.docks.bring("inspector")
    qtbot.waitUntil(lambda: not inspector._stale)
    assert inspector.id.text() == "dense2"
