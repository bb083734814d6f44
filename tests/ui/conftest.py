"""A studio and a window for each test, and a watch over what they leave behind."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from functools import partialmethod
from typing import TYPE_CHECKING, Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from bpstudio.data import toys
from bpstudio.language import set_language
from bpstudio.playback.palette import THEMES
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.project.recovery import Recorder
from bpstudio.training import driving
from bpstudio.ui import banner, painter, saving, style, training
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.training import Training
from tests.ui.waiting import Patience

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

PATIENCE = 60.0
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

    def waitSignal(self, signal: Any, *, timeout: int = LONGEST, **words: Any) -> Any:
        """Wait at the end of the block until that was said."""
        return super().waitSignal(signal, timeout=timeout, **words)

    def waitExposed(self, widget: QWidget, *, timeout: int = LONGEST) -> Any:
        """Wait at the end of the block until that can be seen."""
        return super().waitExposed(widget, timeout=timeout)


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
def nothing_hurries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gives up after some seconds, or goes away, waits for a machine that is busy."""
    monkeypatch.setattr(training, "PATIENCE", PATIENCE)
    monkeypatch.setattr(banner, "LASTING", LONGEST)
    monkeypatch.setattr(saving, "BLINK", LONGEST / 1000)
    monkeypatch.setattr(Recorder, "close", partialmethod(Recorder.close, patience=PATIENCE))


@pytest.fixture(autouse=True)
def nothing_left(
    dressed: QApplication, qtlog: Any, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fails a test that leaves threads, processes, timers or windows, or at which Qt complained.

    What the test held in its hands, the next one does not have in its own.
    """
    gc.collect()
    # What is there already is looked at no more: of all that is imported it would take seconds.
    gc.freeze()
    threads = set(threading.enumerate())
    yield
    # Before anything can fail: one test that leaves something must not fail the next ones too.
    let_go()
    set_language("en")
    style.apply(dressed, THEMES["light"])
    delete_what_was_left_for_later()
    gc.collect()
    assert driving.wait_for_all(PATIENCE)
    assert at_last(lambda: [*(set(threading.enumerate()) - threads)]) == []
    assert at_last(multiprocessing.active_children) == []
    # One that fires once, for a widget that is gone, ends by itself.
    active = [timer for timer in living(QTimer) if timer.isActive() and not timer.isSingleShot()]
    assert [(timer.parent(), timer.interval()) for timer in active] == []
    assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == []
    assert [each.message for each in qtlog.records if each.message not in EXPECTED] == []
    bad = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert bad == []


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


def at_last(left: Callable[[], list[Any]]) -> list[Any]:
    """What is left when all that ends by itself has had its time to."""
    until = time.monotonic() + PATIENCE
    while (found := left()) and time.monotonic() < until:
        time.sleep(0.001)
    return found


def let_go() -> None:
    """No button and no key is down any more, and nothing is on the clipboard.

    Qt keeps them for the program, not for a window: the next test would drag where it moves.
    """
    nobody = QWidget()
    for button in Qt.MouseButton:
        if button and QApplication.mouseButtons() & button:
            QTest.mouseRelease(nobody, button)
    if QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyRelease(nobody, Qt.Key.Key_Control)
    while QApplication.overrideCursor() is not None:
        QApplication.restoreOverrideCursor()
    QGuiApplication.clipboard().clear()


def living(kind: type[QTimer]) -> list[QTimer]:
    """The objects of that class that still exist."""
    found = [each for each in gc.get_objects() if isinstance(each, kind)]
    return [each for each in found if shiboken6.isValid(each)]


def delete_what_was_left_for_later() -> None:
    """What Qt would do when it next has time."""
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
