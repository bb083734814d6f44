"""The project file: a `.bps` is a zip of `mimetype`, `project.json`, `arrays/*.npy` and a picture.

Reading goes from bytes to parts (container.py), to a plain document within limits (records.py), to
the current format (migrations.py), to a project (reading.py). Nothing that a file says is run, and
whatever it says, the answer is a project or one sentence. Saving is verified before and atomic
(disk.py).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from bpstudio.contents import content_of
from bpstudio.errors import FileError, StudioError, reason_of
from bpstudio.language import N_
from bpstudio.project.container import MOST_BYTES, pack, refusal, unpack
from bpstudio.project.disk import DISK, Disk, write_safely
from bpstudio.project.limits import printable
from bpstudio.project.project import Project
from bpstudio.project.reading import NewerFormat, newer_format, project_of
from bpstudio.project.records import schema
from bpstudio.project.writing import parts_of

__all__ = ["NewerFormat", "from_bytes", "load", "save", "schema", "thumbnail", "to_bytes"]

SUFFIX = ".bps"


def load(path: str | Path, *, allow_newer: bool = False) -> Project:
    """The project in a file.

    Raises FileError, one sentence that names the file, the place and the reason; NewerFormat for a
    file of a newer version, which with `allow_newer` is read as far as it is understood, to be
    shown but not saved.
    """
    name = Path(path).name
    try:
        return from_bytes(_content(Path(path)), name=name, allow_newer=allow_newer)
    except MemoryError:
        problem = StudioError(N_("There is not enough memory for it. Close what else is open."))
        raise _cannot_open(name, problem) from None


def save(
    project: Project, path: str | Path, *, thumbnail: bytes | None = None, disk: Disk = DISK
) -> str:
    """Write a project, with a PNG picture for file dialogs if there is one.

    The bytes are read back before anything is written, and the file is the old one or the new one
    at every moment; three older versions stay beside it. Returns the fingerprint of what was
    written (document.py). Raises FileError; the file is then what it was.
    """
    path = Path(path)
    try:
        content = to_bytes(project, thumbnail)
        _read_back(content, path.name)
    except MemoryError as error:
        raise _cannot_save(path, error) from error
    try:
        write_safely(path, content, disk)
    except (OSError, ValueError, MemoryError) as error:
        raise _cannot_save(path, error) from error
    return hashlib.sha256(content).hexdigest()


def to_bytes(project: Project, thumbnail: bytes | None = None) -> bytes:
    """The bytes of a project's file; the same project gives the same bytes.

    Raises FileError for a value that the format can't express, and NewerFormat for a project that
    was read from a newer format: writing it would lose what this version does not understand.
    """
    if "format_version" in project.unknown:
        raise newer_format(project.title or "project.bps", project.unknown["format_version"])
    try:
        return pack(parts_of(project, thumbnail))
    except FileError as error:
        raise FileError(N_("The project can't be written. {problem}"), problem=error) from error


def from_bytes(content: bytes, *, name: str = "project.bps", allow_newer: bool = False) -> Project:
    """The project in the bytes of a file of that name; raises as `load` does."""
    try:
        return project_of(unpack(content), allow_newer=allow_newer)
    except NewerFormat as error:
        raise newer_format(shown(name), error.values["version"]) from None
    except StudioError as error:
        raise _cannot_open(name, error) from None


def shown(name: str) -> str:
    """The name of a file as a sentence can hold it: not every system's names can be shown."""
    return name if printable(name) else ascii(name)


def thumbnail(path: str | Path) -> bytes | None:
    """The PNG picture in a file, or None; raises FileError as `load` does."""
    try:
        return unpack(_content(Path(path))).thumbnail
    except StudioError as error:
        raise _cannot_open(Path(path).name, error) from None


def _read_back(content: bytes, name: str) -> None:
    """Raise FileError unless what is about to be written can be read."""
    try:
        project_of(unpack(content))
    except StudioError as error:
        raise FileError(
            N_("{file} was not saved, because it could not be read back. {problem}"),
            file=shown(name),
            problem=error,
        ) from error


def _content(path: Path) -> bytes:
    try:
        return content_of(path, MOST_BYTES, _too_long)
    except StudioError as error:
        raise _cannot_open(path.name, error) from None
    except (OSError, ValueError) as error:
        why = str(_reason(error))
        sentence = StudioError("{reason}.", reason=why[:1].upper() + why[1:])
        raise _cannot_open(path.name, sentence) from error


def _too_long(count: int) -> StudioError:
    return refusal(
        "size",
        N_("the file has {count} bytes; a project has at most {most}."),
        count=count,
        most=MOST_BYTES,
    )


def _cannot_open(name: str, problem: StudioError) -> FileError:
    return FileError(N_("{file} can't be opened. {problem}"), file=shown(name), problem=problem)


def _cannot_save(path: Path, error: OSError | ValueError | MemoryError) -> FileError:
    return FileError(
        N_(
            "{file} can't be saved in {folder}: {reason}. Nothing is lost, it is still open: "
            "save it under another name or in another folder."
        ),
        file=shown(path.name),
        folder=shown(str(path.parent)),
        reason=_reason(error),
    )


def _reason(error: OSError | ValueError | MemoryError) -> object:
    """Why the system refused; a name that no system takes is a ValueError."""
    if isinstance(error, MemoryError):
        return StudioError(N_("there is not enough memory"))
    return reason_of(error)
