"""The licences of all that lies in the folder, in one text.

`python licences.py FILE` writes those of the libraries that are installed where it runs, and those
of the fonts, icons and data. With a folder behind it, those of the libraries in it that come from a
Debian system too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = Path(__file__).resolve().parent / "texts"
TOOLS = {"pip", "setuptools", "hatchling", "babel", "pathspec", "pluggy", "trove-classifiers"}
TOOLS |= {"altgraph", "macholib", "pefile", "pywin32-ctypes", "pygments", "tomlkit", "colorama"}
"""What builds it and does not lie in it."""
OF_QT = {"pyside6-essentials", "shiboken6"}
"""What comes without its texts, which lie in `texts`; those of other libraries lie below that."""
BEGINNINGS = ("LICEN", "COPYING", "NOTICE")
OURS = (
    *("OFL.txt", "LICENSE", "fonts/README.md", "icons/README.md"),
    *("data/iris.txt", "data/digits.txt"),
)
DOCUMENTS, COMMON = Path("/usr/share/doc"), Path("/usr/share/common-licenses")
NOTE = """Backprop Studio is licensed under Apache-2.0; see LICENSE.

The programs for people without Python hold the works below, each under its own licence. Qt and
PySide6 are used under the LGPL-3.0: they lie beside the program as libraries of their own and may
be replaced by others of the same version; their source is at https://download.qt.io/. On Linux the
folder holds, besides, libraries of the system on which it was built (X11, xcb, xkbcommon, glib,
fontconfig, freetype and what these need); their licences are at the end there, and in
/usr/share/doc of any Debian system.
"""


def text(folder: Path | None = None) -> str:
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
        name = file.relative_to(ROOT).as_posix()
        if name.endswith(OURS):
            parts.append(_part(name, file.read_text(encoding="utf-8")))
    if folder is not None and shutil.which("dpkg-query") is not None:
        parts += _of_system(folder)
    return "\n".join(parts)


def _of_library(library: metadata.Distribution) -> str:
    said = _first(library, "License-Expression", "License") or _classified(library)
    files = [
        file
        for file in library.files or ()
        if ".dist-info" in str(file) and file.name.upper().startswith(BEGINNINGS)
    ]
    texts = [file.read_text(encoding="utf-8") for file in sorted(files, key=str)]
    first = said.strip().partition("\n")[0] or "see its text"
    title = f"{library.name} {library.version} · {first}"
    if library.name.lower().replace("_", "-") in OF_QT:
        texts.append("The texts of these licences stand below, as those of Qt and PySide6.")
    forgotten = TEXTS / "libraries" / f"{library.name.lower()}.txt"
    if not texts and forgotten.is_file():
        texts.append(forgotten.read_text(encoding="utf-8"))
    return _part(title, "\n\n".join(texts) or _first(library, "Home-page"))


def _of_system(folder: Path) -> Iterator[str]:
    """The licences of the packages that libraries in a folder come from, as Debian has them."""
    common = set[str]()
    for package, libraries in sorted(_packages(folder).items()):
        file = DOCUMENTS / package / "copyright"
        if file.is_file():
            words = file.read_text(encoding="utf-8", errors="replace")
            common |= set(re.findall(rf"{COMMON}/([\w.-]*\w)", words))
            yield _part(f"{package}, of Debian: {', '.join(sorted(libraries))}", words)
    for name in sorted(common):
        if (COMMON / name).is_file():
            yield _part(f"{name}, of Debian's packages", (COMMON / name).read_text("utf-8"))


def _packages(folder: Path) -> dict[str, set[str]]:
    """The packages of this system that have the libraries in a folder, and which of these."""
    names = {f.name for f in folder.rglob("lib*.so.*") if not f.is_symlink()}
    names -= {name for name in names if name.startswith("libpython")}  # it came with Python itself
    asked = subprocess.run(
        ["dpkg-query", "--search", *(f"*/{name}" for name in sorted(names))],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for line in asked.stdout.splitlines():
        owners, _colon, path = line.partition(": ")
        if Path(path).name in names and path.startswith(("/lib", "/usr/lib")):
            for owner in owners.split(", "):
                found.setdefault(owner.partition(":")[0], set()).add(Path(path).name)
    return found


def _first(library: metadata.Distribution, *names: str) -> str:
    """The first of these that the library says of itself."""
    said = library.metadata
    return next((said[name] for name in names if name in said), "")


def _classified(library: metadata.Distribution) -> str:
    """Its licence by the list of the package index, such as `Apache Software License`."""
    kinds = library.metadata.get_all("Classifier") or []
    return ", ".join(kind.rpartition(" :: ")[2] for kind in kinds if kind.startswith("License"))


def _part(title: str, words: str) -> str:
    return f"{'=' * 78}\n{title}\n{'=' * 78}\n{words.strip()}\n"


if __name__ == "__main__":
    found = text(*map(Path, sys.argv[2:3]))
    Path(sys.argv[1]).write_text(found, encoding="utf-8")
