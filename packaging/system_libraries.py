"""The libraries that Qt expects from a Linux system, and how to get those that are missing."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

# Library -> package of Debian and Ubuntu. The first six are needed even without a screen.
PACKAGES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}


def loads(library: str) -> bool:
    """Whether the system can load the library, found out by loading it."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages(making_venv: bool, loads: Callable[[str], bool] = loads) -> list[str]:
    """The packages that this machine lacks for Qt and, if that is needed, for making .venv."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [package for library, package in PACKAGES.items() if not loads(library)]
    # Debian's Python comes without the part that puts pip into a new environment.
    if making_venv and importlib.util.find_spec("ensurepip") is None:
        missing.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    return missing


def advice(packages: Iterable[str]) -> str:
    """The one line to type."""
    return (
        "Some libraries of the system are missing; on Debian and Ubuntu this brings them: "
        f"sudo apt-get install {' '.join(packages)}"
    )


def bring(making_venv: bool, refused: Path) -> None:
    """Installs what is missing where that is allowed, otherwise says what to type.

    `refused` is a file that remembers what could not be installed, so that a machine without a
    network is not asked again on every start.
    """
    packages = missing_packages(making_venv)
    if not packages:
        return
    wanted = " ".join(packages)
    tried = refused.is_file() and refused.read_text(encoding="utf-8") == wanted
    if may_install() and not tried:
        announce(f"Installing libraries of the system: {wanted}")
        _apt_get("update")
        _apt_get("install", "-y", "--no-install-recommends", *packages)
        importlib.invalidate_caches()
        packages = missing_packages(making_venv)
        if not packages:
            return
        if refused.parent.is_dir():
            refused.write_text(" ".join(packages), encoding="utf-8")
    announce(advice(packages))


def announce(sentence: str) -> None:
    """Says something beside the output, which may be a document for another program."""
    print(sentence, file=sys.stderr, flush=True)


def may_install() -> bool:
    """Whether this is the administrator of a system with apt-get."""
    return (
        sys.platform.startswith("linux")
        and os.geteuid() == 0
        and shutil.which("apt-get") is not None
    )


def _apt_get(*words: str) -> None:
    """Runs apt-get without questions; what it could not do is seen by looking again."""
    subprocess.run(
        ["apt-get", "-q", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
