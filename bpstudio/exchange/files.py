"""The files of an export, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bpstudio.errors import FileError, reason_of
from bpstudio.exchange.passages import Span
from bpstudio.language import N_
from bpstudio.project.disk import write_safely

ARRAYS = "_arrays.npz"
"""What the name of a file with a script's numbers ends with; it starts as the script's does."""


class Files(NamedTuple):
    """The file that a person named, and the numbers beside it if they are too many for it.

    For a script, `spans` says which of its lines do what each step of a recording does.
    """

    main: bytes
    arrays: bytes = b""
    spans: tuple[Span, ...] = ()


def beside(path: Path) -> Path:
    """Where the numbers of a script lie that are too many for it."""
    return path.with_name(path.stem + ARRAYS)


def put(path: Path, files: Files) -> list[Path]:
    """Write the files and name them, the main one first. Raises FileError if one can't be."""
    parts = {path: files.main} | ({beside(path): files.arrays} if files.arrays else {})
    # The numbers come first, so that no script is there without them.
    for target, content in reversed(parts.items()):
        try:
            write_safely(target, content, versions=False)
        except OSError as error:
            raise FileError(
                N_("{file} can't be written: {reason}. Choose another place."),
                file=str(target),
                reason=reason_of(error),
            ) from error
    return list(parts)
