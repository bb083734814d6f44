"""Loops in which Qt waits for a person: noticed, told and left, so that no test hangs in one.

Some of Qt's own functions open a menu or a question and return only when it is left: the menu of a
spin box, a button that opens its menu, the questions of a file or print dialog. A test that gets
there by accident would stand still with nothing to say about where.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
import shiboken6
from PySide6.QtCore import QAbstractEventDispatcher, QObject, QTimerEvent
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget

from bpstudio.ui import handlers

LOOK, LONGEST = 2.0, 90.0
"""Seconds between two looks at what a test does, and how long one call into Qt may take of it. It
is longer than a test waits for anything on purpose."""
STILL = 60.0
"""Seconds without an event of the monkey, after which it is given up with everything else."""
MENU_OF_A_FIELD = "qt_edit_menu"
"""The name of the menu of a field for numbers, which Qt always opens in a loop of its own."""


def open_now() -> str:
    """What a person would see in front, and what has the keyboard."""
    parts = []
    for words, widget in (
        ("popup", QApplication.activePopupWidget()),
        ("dialog", QApplication.activeModalWidget()),
        ("keyboard at", QApplication.focusWidget()),
    ):
        if widget is not None:
            parts.append(f"{words} {_told(widget)}")
    return ", ".join(parts) or "nothing is open"


def leave_front() -> None:
    """Close the menu or dialog in front, and no other: what lies behind may be waiting for it, and
    would be gone when its own loop goes on."""
    top = QApplication.activePopupWidget() or QApplication.activeModalWidget()
    if top is not None and shiboken6.isValid(top):
        top.reject() if isinstance(top, QDialog) else top.close()


def _caller() -> FrameType | None:
    """The Python that called what waits, below the window's watch over its own handlers."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename == handlers.__file__:
        frame = frame.f_back
    return frame


def _told(widget: QWidget) -> str:
    named = f"{widget.metaObject().className()} {widget.objectName() or widget.windowTitle()!r}"
    return f"{named} {widget.text()!r}" if isinstance(widget, QMessageBox) else named


class Loops:
    """Every loop in which Qt waits, while nothing may wait at all: told, and left at once.

    The menu of a field for numbers is left without a word.
    """

    def __init__(self) -> None:
        self.told: list[str] = []

    def check(self) -> None:
        """Fail if Qt has waited."""
        assert self.told == [], f"Qt waits for a person in a loop of its own: {self.told[0]}"

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while this goes on."""
        dispatcher = QAbstractEventDispatcher.instance()
        assert dispatcher is not None
        dispatcher.aboutToBlock.connect(self._leave)
        try:
            yield
        finally:
            dispatcher.aboutToBlock.disconnect(self._leave)

    def _leave(self) -> None:
        popup = QApplication.activePopupWidget()
        if popup is None or popup.objectName() != MENU_OF_A_FIELD:
            self.told.append(open_now())
        leave_front()


class Patience(QObject):
    """Looks at a test from within any loop, and leaves what one call into Qt waits in too long."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self._seen: tuple[FrameType | None, int] = None, 0
        self._looks = 0
        # A timer of its own, for that of the window is often in the hands of a test.
        self._ringing = self.startTimer(round(1000 * LOOK))

    def end(self) -> None:
        """Look no more."""
        self.killTimer(self._ringing)
        self._seen = None, 0

    def timerEvent(self, event: QTimerEvent) -> None:
        """See whether the test is where it was at the last look."""
        caller = _caller()
        now = caller, caller.f_lasti if caller is not None else 0
        self._looks = self._looks + 1 if now == self._seen else 0
        self._seen = now
        if self._looks * LOOK >= LONGEST:
            self._looks = 0
            self.told.append(open_now())
            leave_front()


@contextmanager
def given_up(progress: Callable[[], object], config: pytest.Config) -> Iterator[None]:
    """End everything with a word if `progress` gives the same for long, and no loop can be left.

    That is when Qt is busy for ever, and neither events nor timers get their turn.
    """
    done = threading.Event()

    def look() -> None:
        seen: object = None
        while not done.wait(0 if seen is None else STILL):
            if progress() == seen:
                capture = config.pluginmanager.getplugin("capturemanager")
                if capture is not None:
                    capture.suspend_global_capture(in_=False)
                print(f"Qt does not come back: {seen}", file=sys.__stderr__, flush=True)
                faulthandler.dump_traceback(2)
                os._exit(1)
            seen = progress()

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()
