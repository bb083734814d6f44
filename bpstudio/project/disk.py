"""Writing a file so that it is the old one or the new one whatever happens, never half of each.

Every call to the system goes through `Disk`, one method each, so that a test can let any of them
fail.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bpstudio.language import _

Buffer = bytes | memoryview

KEPT_VERSIONS = 3
"""How many older versions of a file stay beside it."""

_RETRY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4)
"""Pauses before a replace is tried again: on Windows a virus scanner or a cloud folder may hold
the file for a moment."""
_HELD_ON_WINDOWS = (5, 32, 33)
_STALE_SECONDS = 3600
_CERTAINLY_STALE_SECONDS = 7 * 24 * 3600
"""No saving takes a week: whatever has the number of its process by now is something else."""
_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp")
_MOST_OF_A_NAME = 255
"""Bytes, which is the least that common file systems take: 85 Hangul letters."""


class Disk:
    """The calls to the system that saving makes."""

    def create(self, path: Path) -> int:
        """A new file, open for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.open(path, flags, 0o666)

    def write(self, file: int, content: memoryview) -> int:
        """Write some of the content and say how much."""
        return os.write(file, content)

    def sync(self, file: int) -> None:
        """Wait until it is on the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close an open file."""
        os.close(file)

    def mode(self, path: Path) -> int | None:
        """The permissions of a file; None if there is none.

        Raises OSError for anything else of that name: a rename would put a file in the place of a
        device, for everybody on the machine.
        """
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, _("it is a folder or a device, not a file"), str(path))
        return stat.S_IMODE(mode)

    def set_mode(self, path: Path, mode: int) -> None:
        """Change the permissions of a file."""
        os.chmod(path, mode)

    def same(self, path: Path, other: Path) -> bool:
        """Whether two names are of one file."""
        return other.exists() and os.path.samefile(path, other)

    def link(self, path: Path, new: Path) -> None:
        """A second name for a file."""
        os.link(path, new)

    def read(self, path: Path) -> bytes:
        """All of a file."""
        return path.read_bytes()

    def replace(self, path: Path, target: Path) -> None:
        """Rename a file over another one, at once."""
        os.replace(path, target)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk; Windows has no such call."""
        if sys.platform == "win32":
            return
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


DISK = Disk()


def write_safely(path: Path, content: bytes, disk: Disk = DISK, *, versions: bool = True) -> None:
    """Put the content under that name, and keep the older `versions` of the file beside it.

    Whatever fails and whenever the program or the machine dies, the name holds the old content or
    the new one, whole. Raises OSError; what was written aside is then removed.
    """
    # A link stays a link: what it points to is replaced.
    path = Path(os.path.realpath(path))
    mode = disk.mode(path)
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    temporary = _beside(path, f".{os.getpid()}.tmp")
    disk.remove(temporary)
    try:
        _write(temporary, (content,), disk)
        if mode is not None:
            disk.set_mode(temporary, mode)
            # Saving again what is there already must not push the older versions out.
            if versions and not _holds(path, content, disk):
                _keep_version(path, disk)
        _replace(temporary, path, disk)
    except BaseException:
        # The first error is the one to tell; a file that stays is removed at the next start.
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise
    disk.sync_folder(path.parent)


def write_new(path: Path, pieces: Iterable[Buffer], disk: Disk = DISK) -> None:
    """A new file of these pieces; it has its name only once it is whole.

    It is not yet sure that the name is on the disk: `Disk.sync_folder` makes it so. Raises
    OSError.
    """
    temporary = _beside(path, f".{os.getpid()}.tmp")
    disk.remove(temporary)
    try:
        _write(temporary, pieces, disk)
        _replace(temporary, path, disk)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise


def older_versions(path: Path) -> tuple[Path, ...]:
    """The older versions of a file that are there, newest first."""
    real = Path(os.path.realpath(path))
    return tuple(v for n in range(1, KEPT_VERSIONS + 1) if (v := _version(real, n)).exists())


def remove_stale(folder: Path, disk: Disk = DISK) -> tuple[Path, ...]:
    """Remove what a killed program left of its saving in a folder, and say what it was.

    Only files of our own pattern, older than an hour, whose process is gone; or than a week.
    """
    removed = []
    for path in sorted(folder.glob(".*.tmp")):
        match = _TEMPORARY.fullmatch(path.name)
        if match is None:
            continue
        age = _age(path)
        if age > _CERTAINLY_STALE_SECONDS or (age > _STALE_SECONDS and not _alive(int(match[1]))):
            disk.remove(path)
            removed.append(path)
    return tuple(removed)


def _write(path: Path, pieces: Iterable[Buffer], disk: Disk) -> None:
    file = disk.create(path)
    try:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[disk.write(file, rest) :]
        disk.sync(file)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.close(file)
        raise
    disk.close(file)


def _holds(path: Path, content: bytes, disk: Disk) -> bool:
    """Whether that is what the file holds, as far as it can be read."""
    try:
        return os.stat(path).st_size == len(content) and disk.read(path) == content
    except OSError:
        return False


def _keep_version(path: Path, disk: Disk) -> None:
    """The file as its newest older version, those before one number on."""
    if disk.same(path, _version(path, 1)):
        # A saving that failed after this has kept it already: trying again loses no version.
        return
    for number in range(KEPT_VERSIONS, 1, -1):
        newer = _version(path, number - 1)
        if disk.mode(newer) is not None:
            _replace(newer, _version(path, number), disk)
    first = _version(path, 1)
    try:
        disk.link(path, first)
    except OSError:
        # Not every file system has links; then it is a copy.
        _write(first, (disk.read(path),), disk)


def _version(path: Path, number: int) -> Path:
    return _beside(path, f".bak{number}")


def _beside(path: Path, ending: str) -> Path:
    """A hidden file beside one, of its name and that ending.

    Where that would be more than a name can have, the middle is cut out and a digest tells it from
    others that begin alike.
    """
    name = f".{path.name}{ending}"
    if len(os.fsencode(name)) <= _MOST_OF_A_NAME:
        return path.with_name(name)
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    room = _MOST_OF_A_NAME - len(os.fsencode(f".~{digest}{ending}"))
    start = path.name
    while len(os.fsencode(start)) > room:
        start = start[:-1]
    return path.with_name(f".{start}~{digest}{ending}")


def _replace(path: Path, target: Path, disk: Disk) -> None:
    for seconds in _RETRY_SECONDS:
        try:
            return disk.replace(path, target)
        except OSError as error:
            if getattr(error, "winerror", None) not in _HELD_ON_WINDOWS:
                raise
            disk.pause(seconds)
    disk.replace(path, target)


def _age(path: Path) -> float:
    """Seconds since it was written; 0 where somebody else has just removed it."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _alive(pid: int) -> bool:
    """Whether a process of that number runs. On Windows a signal of 0 would end it: assume so."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
