"""The folder in one file, to unpack anywhere; the same folder always gives the same bytes."""

from __future__ import annotations

import platform
import tarfile
import zipfile
from pathlib import Path

DAY = 315532800
"""The first of January 1980, the earliest day that a zip file can hold."""


def name_of(version: str, system: str) -> str:
    """The name of the file, without its ending."""
    return f"bpstudio-{version}-{system}-{platform.machine().lower()}"


def tar(folder: Path, place: Path, version: str) -> Path:
    """A .tar.xz."""
    file = place / f"{name_of(version, 'linux')}.tar.xz"
    with tarfile.open(file, "w:xz") as archive:
        archive.add(folder, folder.name, filter=_anonymous, recursive=False)
        for inside in sorted(folder.rglob("*")):
            name = str(Path(folder.name) / inside.relative_to(folder))
            archive.add(inside, name, filter=_anonymous, recursive=False)
    return file


def zipped(folder: Path, place: Path, version: str) -> Path:
    """A .zip, which on Windows needs nobody's permission to unpack and start."""
    file = place / f"{name_of(version, 'windows')}.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside in sorted(folder.rglob("*")):
            if inside.is_file():
                name = str(Path(folder.name) / inside.relative_to(folder))
                entry = zipfile.ZipInfo(name.replace("\\", "/"), (1980, 1, 1, 0, 0, 0))
                entry.external_attr = (inside.stat().st_mode & 0o777) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, inside.read_bytes())
    return file


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = DAY
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
