"""What a file holds that somebody names, which may be anything: a pipe, a device, far too long."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from bpstudio.language import _


def content_of(path: Path, most: int, too_long: Callable[[int], Exception]) -> bytes:
    """All that the file holds, which is no more than `most` bytes.

    What is no file is not opened, for a pipe or a device may never end. Raises OSError, and what
    `too_long` makes of the length of a longer file.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, _("it is a folder or a device, not a file"), str(path))
    if status.st_size > most:
        raise too_long(status.st_size)
    return path.read_bytes()
