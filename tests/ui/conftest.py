"""A studio and a window for each test, and a watch over what they leave behind."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.language import set_language
from bpstudio.playback.palette import THEMES
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.training import driving
from bpstudio.ui import painter, style
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.training import Training
from tests.ui.waiting import Patience

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

PATIENCE = 10.0
"""Seconds that what runs beside has to end."""
EXPECTED = (
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
    "This plugin does not support grabbing the mouse",
)
"""What Qt says without a screen whenever a dialog or a menu opens; it is no fault of anybody."""
LONGEST = 60_000
"""Milliseconds after which something that must happen is taken for lost. It is long, for nothing
is measured by it: a machine that is busy with other things must not fail a test."""


class Patient(QtBot):
    """A QtBot that waits as long as it takes."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = LONGEST) -> None:
        """Wait until that is so."""
        super().waitUntil(callback, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Acts on widgets and waits for them."""
    return Patient(request)


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["bpstudio"]


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> QApplication:
    """The application with our fonts and our style."""
    painter.load_fonts()
    style.apply(qapp, THEMES["light"])
    return qapp


@pytest.fixture(autouse=True)
def nothing_left(
    dressed: QApplication, qtlog: Any, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fails a test that leaves threads, processes, timers or windows, or at which Qt complained."""
    gc.collect()
    # What is there already is looked at no more: of all that is imported it would take seconds.
    gc.freeze()
    threads = set(threading.enumerate())
    yield
    delete_what_was_left_for_later()
    gc.collect()
    assert driving.wait_for_all(PATIENCE)
    assert set(threading.enumerate()) - threads == set()
    assert multiprocessing.active_children() == []
    # One that fires once, for a widget that is gone, ends by itself.
    active = [timer for timer in living(QTimer) if timer.isActive() and not timer.isSingleShot()]
    assert [(timer.parent(), timer.interval()) for timer in active] == []
    assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == []
    assert [each.message for each in qtlog.records if each.message not in EXPECTED] == []
    bad = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert bad == []
    set_language("en")
    style.apply(dressed, THEMES["light"])


@pytest.fixture(autouse=True)
def nothing_waits_for_ever(dressed: QApplication) -> Iterator[None]:
    """Fails a test that Qt has wait for a person, instead of hanging in it."""
    patience = Patience()
    yield
    patience.end()
    assert patience.told == []


@pytest.fixture
def xor() -> Project:
    """A network of 2, 4 and 1 units that learns XOR."""
    return build.network(toys.make("xor"), (2, 4, 1))


@pytest.fixture
def studio(xor: Project) -> Iterator[Studio]:
    """A studio with XOR, whose worker process is started when it is needed."""
    made = Studio(Preferences(speed=16.0), Training())
    made.begin(xor)
    yield made
    made.close()


@pytest.fixture
def notices(studio: Studio) -> list[Notice]:
    """What the studio says from now on."""
    said: list[Notice] = []

    def keep(notice: Notice | None) -> None:
        if notice is not None:
            said.append(notice)

    studio.noticed.connect(keep)
    return said


@pytest.fixture
def open_window(qtbot: QtBot, studio: Studio) -> Iterator[Callable[[], Window]]:
    """Opens the window of the studio, with all of its panels."""
    from bpstudio.ui.window import Window

    windows: list[Window] = []

    def show() -> Window:
        window = Window(studio, lambda _preferences: "")
        windows.append(window)
        window.show()
        qtbot.waitUntil(lambda: all(dock.filled for dock in window.docks.by_name.values()))
        return window

    yield show
    for window in windows:
        studio.land()
        studio.saved = studio.project  # so that it does not ask
        window.close()
        window.deleteLater()
    delete_what_was_left_for_later()


@pytest.fixture
def window(open_window: Callable[[], Window]) -> Window:
    """The open window."""
    return open_window()


def living(kind: type[QTimer]) -> list[QTimer]:
    """The objects of that class that still exist."""
    found = [each for each in gc.get_objects() if isinstance(each, kind)]
    return [each for each in found if shiboken6.isValid(each)]


def delete_what_was_left_for_later() -> None:
    """What Qt would do when it next has time."""
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
