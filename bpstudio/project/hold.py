"""Who may change a file: the first that opens it. Whoever comes after reads it, or opens a copy.

A file that the system locks lies beside the project, so that it counts for everybody who sees the
folder; the lock is gone with its process, however that ended. Where the folder can't be written
to, the file lies among this person's own, under the project's real path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock


class Hold:
    """The right to change one file, until it is released or the process ends."""

    def __init__(self, path: Path, lock: BaseFileLock | None) -> None:
        self.path = path
        self._lock = lock

    def release(self) -> None:
        """Let others have it; nothing is left beside the file."""
        if self._lock is None:
            return
        # While it is still locked: whoever waits for it then looks again and makes a new one.
        # Windows removes no file that is open, so there it is tried once more afterwards.
        _remove(self._lock.lock_file)
        self._lock.release()
        if os.name == "nt":
            _remove(self._lock.lock_file)


def hold(path: Path, private: Path) -> Hold | None:
    """The right to change that file; None while somebody else has it.

    `private` is this person's folder for locks of files in folders that can't be written to.
    Where no file can be locked at all, nobody can be kept from writing: then it is granted.
    """
    real = Path(os.path.realpath(path))
    for place in (lock_beside(real), private / f"{_name_of(real)}.lock"):
        try:
            return _locked(real, place)
        except TimeoutError:
            return None
        except (OSError, NotImplementedError):
            continue
    return Hold(real, None)


def lock_beside(path: Path) -> Path:
    """The lock file of a project."""
    return path.with_name(f".{path.name}.lock")


def lock(place: Path, timeout: float = 0) -> BaseFileLock:
    """That file, locked. Raises TimeoutError while another process has it, and OSError."""
    # It takes 50 milliseconds to import, which a start without a file need not wait for.
    from filelock import FileLock

    made: BaseFileLock = FileLock(place, timeout=timeout, thread_local=False)
    made.acquire()
    return made


def _locked(path: Path, place: Path) -> Hold:
    if not place.parent.exists() and place.parent != path.parent:
        place.parent.mkdir(parents=True, exist_ok=True)
    return Hold(path, lock(place))


def _name_of(path: Path) -> str:
    """One name for one file: systems differ in how they compose letters and treat case."""
    name = os.path.normcase(unicodedata.normalize("NFC", str(path)))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _remove(place: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(place)
