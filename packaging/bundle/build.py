"""Makes the folder with everything in it, and what is packed from it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from environment import ROOT, Stopped, clean_environ
from system_libraries import announce

from bundle import archives, debian, macos, windows

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"
LICENCES = ROOT / "resources" / "LICENCES.txt"
PLACE = ROOT / "build" / "bundle"
ENVIRONMENT = PLACE / "environment"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# What people of each system expect, in the order in which it is made.
KINDS: Mapping[str, tuple[str, ...]] = {
    "linux": ("tar", "deb"),
    "win32": ("zip", "installer"),
    "darwin": ("dmg",),
}
MAKERS: Mapping[str, Callable[[Path, Path, str], Path]] = {
    "tar": archives.tar,
    "zip": archives.zipped,
    "deb": debian.package,
    "installer": windows.installer,
    "dmg": macos.image,
}


def bundle(words: list[str]) -> int:
    """The folder, and the kinds that are named or those of this system."""
    kinds = words or list(KINDS.get(sys.platform, ()))
    unknown = [kind for kind in kinds if kind not in (*MAKERS, "folder")]
    if unknown:
        raise Stopped(f"There is no {unknown[0]}; there are: folder, {', '.join(MAKERS)}.")
    made = folder()
    print(made)
    for kind in kinds:
        if kind != "folder":
            print(MAKERS[kind](made, PLACE, version()))
    return 0


def folder() -> Path:
    """The folder with the program and all that it needs, Python included."""
    _environment()
    # A clean checkout has the catalogs alone, and the studio reads what is compiled of them.
    _run("-m", "babel.messages.frontend", "-q", "compile", "-D", "bpstudio",
         "-d", ROOT / "resources" / "translations")  # fmt: skip
    if sys.platform.startswith("linux"):
        # The same text lies in a checkout and in the wheel, and one of them suffices for all.
        _run(HERE / "licences.py", LICENCES)
    _run(HERE / "icons.py", PLACE / "icons")
    announce("Building the folder")
    _run("-m", "PyInstaller", "--noconfirm", "--log-level=WARN", f"--distpath={PLACE / 'dist'}",
         f"--workpath={PLACE / 'work'}", HERE / "bpstudio.spec")  # fmt: skip
    made = PLACE / "dist" / "bpstudio"
    _run(HERE / "manual.py", PLACE / "bpstudio.1")
    slim(made)
    _run(HERE / "licences.py", made / "LICENCES.txt", made)
    shutil.copy(made / "LICENCES.txt", made / "_internal" / "resources")
    return made


def slim(folder: Path) -> None:
    """Take away what only a debugger reads of Python's own libraries; those of others stay as they
    are, for some would break."""
    tool = shutil.which("strip") if sys.platform.startswith("linux") else None
    inside = folder / "_internal"
    for file in [*inside.glob("libpython*.so*"), *inside.glob("python3*/lib-dynload/*.so")]:
        if tool is not None:
            subprocess.run([tool, "--strip-debug", file], check=True)


def version() -> str:
    """The version of the program, read without importing it."""
    text = (ROOT / "bpstudio" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise Stopped("bpstudio/__init__.py has no line with __version__.")
    return found[1]


def _environment() -> None:
    """An environment with what belongs into the folder alone, so that no more gets in."""
    stamp, wanted = ENVIRONMENT / "stamp", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    announce("Bringing the libraries of the folder; the first time this takes a few minutes")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    base = getattr(sys, "_base_executable", None) or sys.executable
    subprocess.run([base, "-m", "venv", ENVIRONMENT], env=clean_environ(), check=True)
    _run("-m", "pip", "-q", "--disable-pip-version-check", "--no-input", "install",
         "--require-hashes", "-r", LOCK)  # fmt: skip
    stamp.write_text(wanted, encoding="ascii")


def _run(*words: str | Path) -> None:
    threads = {"OPENBLAS_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    ended = subprocess.run([PYTHON, *words], cwd=ROOT, env=clean_environ() | threads, check=False)
    if ended.returncode:
        raise Stopped(f"{' '.join(map(str, words))} ended with status {ended.returncode}.")
