"""Projects to begin with: the examples that come with the studio, and a person's own templates.

Opening one gives a copy without a file, so that it stays what it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bpstudio import folders, resources
from bpstudio.errors import FileError, StudioError, reason_of
from bpstudio.language import N_, _
from bpstudio.project import file
from bpstudio.project.project import Project


def examples() -> Iterator[tuple[str, Path]]:
    """The titles and files of the examples that come with the studio."""
    from bpstudio.project import gallery  # for the menu, when it is opened

    for example in gallery.examples():
        yield _(example.title), example.path


def own() -> Iterator[tuple[str, Path]]:
    """The names and files of the templates that this person has saved."""
    for path in sorted(folders.templates().glob("*.bps")):
        if not path.name.startswith("."):
            yield path.stem, path


def is_one(path: Path) -> bool:
    """Whether a file is an example or a template."""
    real = Path(os.path.realpath(path))
    homes = (resources.path("examples"), folders.templates())
    return any(real.is_relative_to(os.path.realpath(home)) for home in homes)


def save(project: Project, name: str, picture: bytes | None) -> Path:
    """Keep a project as a template of that name. Raises FileError."""
    if not name.strip() or any(letter in '/\\:*?"<>|' for letter in name):
        raise StudioError(
            N_("{name} can't be the name of a template. Use letters, digits and blanks."), name=name
        )
    path = folders.templates() / f"{name.strip()}{file.SUFFIX}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            N_("{folder} can't be made: {reason}. Save the project as a file instead."),
            folder=str(path.parent),
            reason=reason_of(error),
        ) from error
    file.save(project, path, thumbnail=picture)
    return path
