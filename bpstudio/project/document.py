"""Where a project lies, and what its file held when it was opened or saved last."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from bpstudio.errors import StudioError
from bpstudio.project.container import MOST_BYTES


@dataclass(frozen=True)
class Document:
    """The file of a project, if it has one.

    `fingerprint` says what it held, so that a change from elsewhere is noticed before it is
    written over. `locked` is why the project can only be looked at, if that is so.
    """

    path: Path | None = None
    fingerprint: str = ""
    locked: StudioError | None = None

    def lies_at(self, path: Path) -> bool:
        """Whether a path leads to the file of this document."""
        return self.path is not None and os.path.realpath(path) == os.path.realpath(self.path)

    @property
    def changed_elsewhere(self) -> bool:
        """Whether the file holds something else by now. One that is gone has nothing to lose."""
        if self.path is None:
            return False
        now = fingerprint(self.path)
        return bool(now) and now != self.fingerprint


def fingerprint(path: Path) -> str:
    """What a file holds, as a short text; an empty one where it can't be read.

    It is the content that counts: clocks jump, and a copy can have the time of its original. What
    can't be a project is not read, for a pipe or a device may never end: of a file that is too
    long only its length counts.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return ""
        if status.st_size > MOST_BYTES:
            return f"{status.st_size} bytes"
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""
