"""A command of the command line, carried out in a process of its own while the window goes on.

Cancelling ends it at once; what it writes is there whole or not at all.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from bpstudio import resources
from bpstudio.language import _

_FRAME = re.compile(r"(\d+)/(\d+)$")


class Outcome(NamedTuple):
    """What came of a command: its answer as data, or else a complaint; and its exit status."""

    answer: dict[str, Any] | None
    complaint: str
    status: int


class Command(QObject):
    """One process at a time."""

    ended = Signal(object)
    """What came of it: an `Outcome`. What was cancelled says nothing."""
    advanced = Signal(int, int)
    """How many frames are drawn, of how many."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._said: list[str] = []

    @property
    def running(self) -> bool:
        """Whether a command is going on."""
        return self._process is not None

    def start(self, words: Sequence[str]) -> None:
        """Carry out this command line; one that was going on is given up."""
        self.cancel()
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        if sys.platform.startswith("linux"):
            # It draws without a window.
            environment.insert("QT_QPA_PLATFORM", "offscreen")
        process.setProcessEnvironment(environment)
        process.finished.connect(self._finish)
        process.errorOccurred.connect(self._fail)
        process.readyReadStandardError.connect(self._listen)
        self._process, self._said = process, []
        program, *first = resources.program()
        process.start(program, [*first, *words])

    def cancel(self) -> None:
        """End what is going on."""
        process = self._process
        if process is None:
            return
        process.finished.disconnect(self._finish)
        process.errorOccurred.disconnect(self._fail)
        process.readyReadStandardError.disconnect(self._listen)
        process.kill()
        process.waitForFinished(2000)
        self._forget()

    def _listen(self) -> None:
        process = self._process
        if process is None:
            return
        text = bytes(process.readAllStandardError().data()).decode(errors="replace")
        for line in text.splitlines():
            found = _FRAME.match(line.strip())
            if found:
                self.advanced.emit(int(found[1]), int(found[2]))
            else:
                self._said.append(line)

    def _finish(self, status: int, _how: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        self._listen()
        printed = bytes(process.readAllStandardOutput().data()).decode(errors="replace")
        try:
            answer = json.loads(printed) if printed.strip() else None
        except ValueError:
            answer = None
        complaint = "\n".join(self._said).strip().removeprefix("bpstudio: ")
        self._forget()
        self.ended.emit(Outcome(answer, complaint or _("The export failed."), status))

    def _fail(self, _error: QProcess.ProcessError) -> None:
        if self._process is not None:
            reason = self._process.errorString()
            self._forget()
            self.ended.emit(Outcome(None, reason, 1))

    def _forget(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
