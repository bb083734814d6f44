"""Keeps what is open from being lost, to a crash or to another window.

What is not saved is kept aside for recovery, training included; the file of the project is held,
so that only one studio at a time may write it. Both begin after the first paint.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from bpstudio.errors import StudioError, reason_of
from bpstudio.language import N_, _
from bpstudio.project.disk import remove_stale
from bpstudio.project.document import Document
from bpstudio.project.hold import Hold, hold
from bpstudio.project.project import Project
from bpstudio.project.recovery import Moment, Orphan, Recorder, Work
from bpstudio.ui.studio import Change, Studio
from bpstudio.ui.training import Outcome

log = logging.getLogger(__name__)

HELD = N_(
    "{file} is open in another window of Backprop Studio, so here it can only be looked at. "
    "Open a copy to change it."
)


class Guard(QObject):
    """Stands beside a studio. Without a folder to keep things in it does nothing."""

    found = Signal(object)
    """What others left behind, at the start: a list of `Orphan`."""

    _came = Signal(object)
    _failed = Signal(str)

    def __init__(self, studio: Studio, root: Path | None) -> None:
        super().__init__()
        self._studio, self._root = studio, root
        self.orphans: list[Orphan] = []
        self._recorder: Recorder | None = None
        self._hold: Hold | None = None
        self._next: Hold | None = None
        self._moment: Moment | None = None
        self._complained = False
        self._came.connect(self._take_in)
        self._failed.connect(self._complain)

    def begin(self) -> None:
        """Keep what is open from now on."""
        if self._root is None or self._recorder is not None:
            return
        self._recorder = Recorder(
            self._root,
            found=self._came.emit,
            told=lambda error: self._failed.emit(str(reason_of(error))),
        )
        self._studio.changed.connect(self._change)
        self._studio.training.advanced.connect(self._advance)
        self._change(None)
        folders = {Path(path).parent for path in self._studio.preferences.recent}
        threading.Thread(target=_tidy, args=(folders,), name="tidying", daemon=True).start()

    def may_write(self, path: Path) -> bool:
        """Whether nobody else has that file open; it is held from now on if so."""
        if self._root is None or self._recorder is None:
            return True
        real = Path(os.path.realpath(path))
        if self._hold is not None and self._hold.path == real:
            return True
        if self._next is not None:
            self._next.release()
        self._next = hold(path, self._locks)
        return self._next is not None

    def restore(self, orphan: Orphan) -> None:
        """Open what was left behind; its folder stays until it is kept anew.

        Raises FileError where it can't be read.
        """
        work = orphan.work()
        self.orphans.remove(orphan)
        if self._recorder is not None:
            self._recorder.adopt(orphan)
        path = Path(work.file) if work.file else None
        # Where somebody else has the file by now, it is a project of its own: it can be changed,
        # saved elsewhere, and is kept until then.
        mine = path is not None and self.may_write(path)
        document = Document(path, work.fingerprint) if mine else Document()
        self._studio.begin(work.project, document, saved=False)

    def discard(self, orphan: Orphan) -> None:
        """Give up what was left behind."""
        self.orphans.remove(orphan)
        orphan.discard()

    def close(self, *, give_up: bool) -> None:
        """End. What is not saved is offered at the next start, unless it is given up."""
        for orphan in self.orphans:
            orphan.release()
        self.orphans = []
        if self._recorder is not None:
            self._recorder.close(give_up=give_up)
            self._recorder = None
        for held in (self._hold, self._next):
            if held is not None:
                held.release()
        self._hold = self._next = None

    @property
    def _locks(self) -> Path:
        assert self._root is not None
        return self._root.with_name("locks")

    def _change(self, _change: Change | None) -> None:
        self._claim()
        if not self._studio.training.running:
            self._moment = None
        self._keep()

    def _advance(self, outcome: Outcome) -> None:
        self._moment = Moment(outcome.weights, outcome.losses, outcome.step)
        self._keep()

    def _keep(self) -> None:
        studio, recorder = self._studio, self._recorder
        if recorder is None:
            return
        aside = studio.aside
        if aside is not None and aside.history.project is not aside.saved:
            # A lesson is begun again easily; what was put aside for it is not.
            recorder.keep(_work(aside.history.project, aside.document, None))
            return
        if not (studio.dirty or self._moment):
            recorder.forget()
            return
        recorder.keep(_work(studio.project, studio.document, self._moment))

    def _claim(self) -> None:
        """Hold the file of the project, and let go of the one before."""
        studio = self._studio
        path = studio.path
        real = None if path is None else Path(os.path.realpath(path))
        if self._recorder is None or studio.document.locked is not None:
            real = None
        if self._hold is not None and self._hold.path != real:
            self._hold.release()
            self._hold = None
        if path is None or real is None or self._hold is not None:
            return
        if self._next is not None and self._next.path == real:
            self._hold, self._next = self._next, None
            return
        self._hold = hold(path, self._locks)
        if self._hold is None:
            studio.lock(StudioError(HELD, file=path.name))

    def _take_in(self, orphans: list[Orphan]) -> None:
        self.orphans = [orphan for orphan in orphans if orphan.entry is not None]
        self.found.emit(orphans)
        for orphan in orphans:
            if orphan.entry is None and orphan.put_away():
                log.warning("what lies in %s can't be read, and stays there", orphan.folder)

    def _complain(self, reason: str) -> None:
        log.warning("recovery: %s", reason)
        if self._complained:
            return
        self._complained = True
        template = _("Work can't be kept aside for a crash ({reason}). Save it often.")
        self._studio.notice(template.format(reason=reason))


def _work(project: Project, document: Document, moment: Moment | None) -> Work:
    file = "" if document.path is None else os.path.abspath(document.path)
    return Work(project, file, document.fingerprint, moment)


def _tidy(folders: set[Path]) -> None:
    """Remove what killed savings left in the folders of recent files."""
    for folder in folders:
        try:
            for path in remove_stale(folder):
                log.info("removed %s, which a killed saving had left", path)
        except OSError as error:
            log.info("%s", error)
