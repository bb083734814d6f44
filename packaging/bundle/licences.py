"""The licences of all that lies in the folder, in one text.

`python licences.py FILE` writes those of the libraries that are installed where it runs, and those
of the fonts, icons and data.
"""

from __future__ import annotations

import sys
import sysconfig
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = Path(__file__).resolve().parent / "texts"
TOOLS = {"pip", "setuptools", "hatchling", "babel", "pathspec", "pluggy", "trove-classifiers"}
TOOLS |= {"altgraph", "macholib", "pefile", "pywin32-ctypes", "pygments", "tomlkit", "colorama"}
"""What builds it and does not lie in it."""
BEGINNINGS = ("LICEN", "COPYING", "NOTICE")
NOTE = """Backprop Studio is licensed under Apache-2.0; see LICENSE.

It comes with the works below, each under its own licence. Qt and PySide6 are used under the
LGPL-3.0: they lie beside the program as libraries of their own and may be replaced by others of
the same version. On Linux the folder holds, besides, libraries of the system on which it was
built (X11, xcb, xkbcommon, glib, fontconfig, freetype and what these need); their licences are in
/usr/share/doc of any Debian system.
"""


def text() -> str:
    """Everything, one after the other, in a steady order."""
    parts = [NOTE]
    for library in sorted(metadata.distributions(), key=lambda d: d.name.lower()):
        if library.name.lower() not in TOOLS:
            parts.append(_of_library(library))
    python = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    if python.exists():
        parts.append(_part(f"Python {sys.version.split()[0]}", python.read_text(encoding="utf-8")))
    for file in sorted(TEXTS.glob("*.txt")):
        parts.append(_part(f"{file.stem}, of Qt and PySide6", file.read_text(encoding="utf-8")))
    for file in sorted(ROOT.glob("resources/**/*")):
        if file.name.endswith("OFL.txt") or file.name in ("LICENSE", "README.md"):
            parts.append(_part(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")))
    return "\n".join(parts)


def _of_library(library: metadata.Distribution) -> str:
    said = _first(library, "License-Expression", "License")
    files = [
        file
        for file in library.files or ()
        if ".dist-info" in str(file) and file.name.upper().startswith(BEGINNINGS)
    ]
    texts = [file.read_text(encoding="utf-8") for file in sorted(files, key=str)]
    first = said.strip().partition("\n")[0] or "see its text"
    title = f"{library.name} {library.version} · {first}"
    return _part(title, "\n\n".join(texts) or _first(library, "Home-page"))


def _first(library: metadata.Distribution, *names: str) -> str:
    """The first of these that the library says of itself."""
    said = library.metadata
    return next((said[name] for name in names if name in said), "")


def _part(title: str, words: str) -> str:
    return f"{'=' * 78}\n{title}\n{'=' * 78}\n{words.strip()}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
