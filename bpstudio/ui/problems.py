"""Faults of our own: written to the log, and shown with a report that can be copied.

What a person can do something about is a `StudioError` and never comes here. Nothing is sent
anywhere.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
    qVersion,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from bpstudio import __version__, folders
from bpstudio.errors import GateError
from bpstudio.language import _

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
Trace = TracebackType | None

MOST_TRACES = 5
MOST_ACTIONS = 20
"""How many of the last actions a report has."""
MOST_SHOWN = 3
"""How many faults are shown in one session; the rest are only logged."""

log = logging.getLogger(__name__)
from_qt = logging.getLogger("qt")


def last_trace(since: float) -> Path | None:
    """The newest file with a trace of a crash or of a window that stood still since that time."""
    told = [(when, path) for when, size, path in _traces(folders.logs()) if size and when >= since]
    return max(told)[1] if told else None


@contextmanager
def logged(place: Path) -> Iterator[TextIO | None]:
    """Write what happens meanwhile to files in that folder, which never grow large.

    Gives the file for traces; None, and no log, for a folder that can't be written to.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        path = place / "bpstudio.log"
        handler = RotatingFileHandler(path, maxBytes=500_000, backupCount=3, encoding="utf-8")
        _forget_old_traces(place)
        # In a container every studio has the same number: the time keeps an earlier trace.
        trace = place / f"crash-{time.time_ns():x}-{os.getpid()}.log"
        crashes = trace.open("x", encoding="utf-8")
    except OSError:
        yield None
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    faulthandler.enable(crashes)
    try:
        yield crashes
    finally:
        faulthandler.disable()
        root.removeHandler(handler)
        handler.close()
        with contextlib.suppress(OSError):  # a full disk
            crashes.close()
    # A studio that began later may have removed it.
    with contextlib.suppress(OSError):
        if not trace.stat().st_size:
            trace.unlink()


def _traces(place: Path) -> list[tuple[float, int, Path]]:
    """When each trace was written, its size and its file, the oldest first."""
    found = []
    for path in place.glob("crash-*.log"):
        with contextlib.suppress(FileNotFoundError):  # another studio has just removed it
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    return sorted(found)


def _forget_old_traces(place: Path) -> None:
    """Keep the newest few traces."""
    for _when, _size, path in _traces(place)[:-MOST_TRACES]:
        with contextlib.suppress(OSError):  # Windows removes no file that a studio has open
            path.unlink()


@contextmanager
def caught(problems: Problems) -> Iterator[None]:
    """Report every exception that nobody catches meanwhile, in any thread; log what Qt says."""
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook

    def report(kind: type[BaseException], error: BaseException, trace: Trace) -> None:
        if issubclass(kind, KeyboardInterrupt):
            hooks[0](kind, error, trace)
        elif isinstance(error, GateError):
            # No fault of ours: the plugin is named where everything that fails is.
            log.warning("%s", "".join(traceback.format_exception(kind, error, trace)))
            problems.blamed.emit(error)
        else:
            problems.report("".join(traceback.format_exception(kind, error, trace)))

    def from_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            report(args.exc_type, args.exc_value, args.exc_traceback)

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            report(type(args.exc_value), args.exc_value, args.exc_traceback)

    sys.excepthook, threading.excepthook, sys.unraisablehook = report, from_thread, unraisable
    before = qInstallMessageHandler(log_message)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        qInstallMessageHandler(before)


def log_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Write a message of Qt to the log."""
    from_qt.log(LEVELS.get(kind, logging.WARNING), "%s", message)


def report_of(trace: str, actions: Iterable[str] = ()) -> str:
    """What is good to know besides the trace itself: versions, and the last actions by name.

    No personal data: the folder of this person is called `~`, as it holds their name.
    """
    report = "\n".join(
        [
            f"Backprop Studio {__version__}",
            f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}, "
            f"{QGuiApplication.platformName()}",
            "Last: " + ", ".join(actions),
            "",
            trace,
        ]
    )
    return report.replace(str(Path.home()), "~") if len(str(Path.home())) > 1 else report


class Problems(QObject):
    """Shows faults, from whichever thread they come; `came` counts them.

    `blamed` passes on a GateError that nobody caught: the fault of a plugin.
    """

    blamed = Signal(object)
    _came = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__()
        self._parent = parent
        self.came = self._shown = 0
        self._actions: deque[str] = deque(maxlen=MOST_ACTIONS)
        self._came.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def note(self, action: str) -> None:
        """Remember the name of something that was just done, for a report."""
        self._actions.append(action)

    def report(self, trace: str) -> None:
        """Log a fault, and show it in the thread of the window."""
        log.error("%s", trace)
        self.came += 1
        self._came.emit(trace)

    def _show(self, trace: str) -> None:
        if self._shown >= MOST_SHOWN:
            return
        self._shown += 1
        box = QMessageBox(self._parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(_("Backprop Studio"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(_("Something went wrong in Backprop Studio itself. Your work is still there."))
        box.setInformativeText(
            _("Save it, and tell us: the report says what happened. Nothing is sent by itself.")
        )
        report = report_of(trace, self._actions)
        box.setDetailedText(report)
        copy = box.addButton(_("&Copy report"), QMessageBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(report))
        close = box.addButton(_("Close"), QMessageBox.ButtonRole.RejectRole)
        # Else Qt chooses the first it has: its own button for the details.
        box.setDefaultButton(close)
        box.setEscapeButton(close)
        box.open()
