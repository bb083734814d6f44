"""Writes the project to its file beside the window, one writing at a time.

What is written is the project as it was when that was asked for; edits made meanwhile are not
saved yet. Whoever needs the outcome goes on in a function, when it is there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from bpstudio.errors import StudioError
from bpstudio.project import file
from bpstudio.project.document import Document
from bpstudio.project.project import Project
from bpstudio.ui.soon import soon

if TYPE_CHECKING:
    from bpstudio.ui.studio import Studio

Follow = Callable[[], object] | None
"""What is to be done when a writing has ended, if anything."""

BLINK = 0.05
"""Seconds that the window waits for a writing, so that a small one is over when it was asked for;
what takes longer goes on beside."""


class Saving(QObject):
    """The writing of a studio that goes on, and what is to come after it."""

    turned = Signal()
    """One began that takes longer than a blink, or one ended."""

    _over = Signal(object)

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._going: _Writing | None = None
        self._waiting: dict[str, Callable[[], object]] = {}
        self._over.connect(self._look, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """Whether a file is being written."""
        return self._going is not None

    def write(
        self,
        project: Project,
        path: Path,
        thumbnail: bytes | None = None,
        *,
        then: Follow = None,
        ask: Follow = None,
    ) -> None:
        """Write the project; `then` goes on if it was written.

        With `ask` the file is looked at before: if it is that of the document and somebody else
        has changed it, nothing is written, and `ask` is called. One that goes on already ends
        first.
        """
        self.finish()
        mine = self._studio.document if ask else None
        going = _Writing(project, path, thumbnail, mine, then, ask)
        self._going = going
        going.start(self._over.emit)
        if going.wait(BLINK):
            self._land()
        else:
            self.turned.emit()

    def after(self, key: str, call: Callable[[], object]) -> bool:
        """Call this when what goes on has ended; False, and nothing, where nothing goes on.

        Of calls with the same key only the last one counts.
        """
        if self._going is not None:
            self._waiting[key] = call
        return self._going is not None

    def finish(self) -> None:
        """Wait until nothing is being written. What was to come after it comes soon."""
        if self._going is not None:
            self._going.wait()
            follow = self._landed()
            soon(self, lambda: self._go_on(follow))

    def close(self) -> None:
        """Wait for what is being written; nothing comes after it."""
        if self._going is not None:
            self._going.wait()
            self._landed()
        self._waiting = {}

    def _look(self, ended: _Writing) -> None:
        if ended is self._going:
            self._land()

    def _land(self) -> None:
        self._go_on(self._landed())

    def _go_on(self, follow: Follow) -> None:
        if follow is not None:
            follow()
        while self._waiting and self._going is None:
            self._waiting.pop(next(iter(self._waiting)))()

    def _landed(self) -> Follow:
        """Say what came of the writing that is over; what follows from that.

        An exception that is none for people is raised here, in the thread of the window.
        """
        going, self._going = self._going, None
        assert going is not None
        going.join()
        try:
            if isinstance(going.error, StudioError):
                self._studio.complain(going.error, "save_as")
                return None
            if going.error is not None:
                raise going.error
            if going.changed_elsewhere:
                return going.ask
            written = Document(going.path, going.fingerprint)
            self._studio.now_saved(going.project, written, file.shown(going.path.name))
            return going.then
        finally:
            self.turned.emit()


class _Writing:
    """One writing, in a thread of its own, which no end of the program cuts off."""

    def __init__(
        self,
        project: Project,
        path: Path,
        thumbnail: bytes | None,
        mine: Document | None,
        then: Follow,
        ask: Follow,
    ) -> None:
        self.project, self.path, self.fingerprint = project, path, ""
        self.then, self.ask = then, ask
        self.error: BaseException | None = None
        self.changed_elsewhere = False
        self._thumbnail, self._mine = thumbnail, mine
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, told: Callable[[_Writing], object]) -> None:
        """Begin, and tell when it is over."""
        self._thread = threading.Thread(target=self._run, args=(told,), name="saving")
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, for so long at most; whether it is over."""
        return self._done.wait(seconds)

    def join(self) -> None:
        """Wait for the thread itself."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, told: Callable[[_Writing], object]) -> None:
        try:
            mine = self._mine
            self.changed_elsewhere = (
                mine is not None and mine.lies_at(self.path) and mine.changed_elsewhere
            )
            if not self.changed_elsewhere:
                self.fingerprint = file.save(self.project, self.path, thumbnail=self._thumbnail)
        except BaseException as error:
            self.error = error
        self._done.set()
        told(self)
