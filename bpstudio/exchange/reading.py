"""The bytes of a file from another program, which may be anything."""

from __future__ import annotations

from pathlib import Path

from bpstudio import contents
from bpstudio.errors import StudioError
from bpstudio.language import N_

MOST_BYTES = 2**30
"""No file of a model or of weights that is read is longer, nor are its arrays together."""


def content_of(path: Path) -> bytes:
    """All that the file holds. Raises OSError, and StudioError for one that is too long."""
    return contents.content_of(path, MOST_BYTES, _too_long)


def _too_long(_count: int) -> StudioError:
    return StudioError(N_("It has more than {most} bytes."), most=MOST_BYTES)
