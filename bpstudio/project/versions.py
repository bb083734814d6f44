"""What the older versions of a file hold, which saving keeps beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bpstudio.errors import StudioError, reason_of
from bpstudio.project import file
from bpstudio.project.disk import older_versions
from bpstudio.project.project import Project


@dataclass(frozen=True, eq=False)
class Version:
    """A version of a file: when it was written (seconds since 1970), its size in bytes, what it
    holds and its picture; `project` is None where it can't be read, and `problem` says why.
    """

    path: Path
    when: float
    size: int
    project: Project | None
    picture: bytes | None
    problem: object = ""


def versions(path: Path) -> Iterator[Version]:
    """The file itself, if it is there, then its older versions, newest first."""
    for each in (path, *older_versions(path)):
        try:
            status = each.stat()
        except OSError:
            continue
        try:
            project, picture = file.load(each), file.thumbnail(each)
        except (StudioError, OSError) as error:
            yield Version(each, status.st_mtime, status.st_size, None, None, reason_of(error))
        else:
            yield Version(each, status.st_mtime, status.st_size, project, picture)


def any_older(path: Path) -> bool:
    """Whether an older version of the file can be read."""
    return any(each.project is not None for each in versions(path) if each.path != path)
