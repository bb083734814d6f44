"""What an exhibit wants done beside the window: an export that is run and compared.

The command line does it, in a process of its own. Whoever leaves the step has given it up.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons.exhibits.exhibit import Errand
from bpstudio.project import file
from bpstudio.ui.dialogs.command import Command, Outcome

if TYPE_CHECKING:
    from bpstudio.ui.lecturing import Lecture


class Errands(QObject):
    """The errand that is being run for the exhibit of a lecture, if one is."""

    def __init__(self, lecture: Lecture) -> None:
        super().__init__(lecture)
        self._lecture = lecture
        self._of: Errand | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._command = Command(self)
        self._command.ended.connect(self._end)
        lecture.showed.connect(self._look)
        lecture.moved.connect(self._look)
        self._look()

    def _look(self) -> None:
        exhibit = self._lecture.exhibit
        wanted = None if exhibit is None else exhibit.errand()
        if wanted == self._of:
            return
        self._command.cancel()
        self._forget()
        if wanted is not None:
            self._begin(wanted)

    def _begin(self, errand: Errand) -> None:
        self._of = errand
        self._folder = TemporaryDirectory(prefix="bpstudio-")
        project = Path(self._folder.name) / "project.bps"
        out = Path(self._folder.name) / "exported"
        try:
            file.save(errand.project, project)
        except StudioError as error:
            self._end(Outcome(None, str(error), 1))
            return
        words = ["export", str(project), "--to", errand.format, "--out", str(out)]
        self._command.start([*words, "--verify", "--json"])

    def _end(self, outcome: Outcome) -> None:
        self._forget()
        exhibit, answer = self._lecture.exhibit, outcome.answer
        if exhibit is None:
            return
        difference = None if answer is None else answer.get("max_difference")
        trouble = outcome.complaint
        if answer is not None and answer.get("skipped"):
            trouble = _("Not verified: {reason}").format(reason=answer["skipped"])
        self._lecture.tried(exhibit.answered(difference, trouble))

    def _forget(self) -> None:
        self._of = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def errands_of(lecture: Lecture) -> Errands:
    """The one of a lecture."""
    return lecture.findChild(Errands) or Errands(lecture)
