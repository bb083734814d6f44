"""Where icons, fonts, translations, lessons and examples lie, and the program itself."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path


def folder() -> Path:
    """The folder of the resources.

    In a frozen program they lie beside its modules, in an installed wheel inside the package, and
    in a checkout in the project's root.
    """
    return _folder(getattr(sys, "_MEIPASS", None))


def program() -> list[str]:
    """The words that start this program once more; its own command line follows them."""
    frozen = getattr(sys, "frozen", False)
    return [sys.executable] if frozen else [sys.executable, "-P", "-m", "bpstudio"]


def version_of(library: str) -> str | None:
    """The version of a library; None where it is not there, or a frozen program has no record."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library)
    except PackageNotFoundError:
        return None


@cache
def _folder(frozen_root: str | None) -> Path:
    if frozen_root is not None:
        return Path(frozen_root) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"


def path(*parts: str) -> Path:
    """One resource, as in `path("icons", "bpstudio.svg")`. It need not exist."""
    return folder().joinpath(*parts)
