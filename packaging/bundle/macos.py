"""A disk image with the application, and a link to where applications lie."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from environment import Stopped

from bundle.archives import name_of


def image(folder: Path, place: Path, version: str) -> Path:
    """The .dmg; raises Stopped where this system can't make one."""
    if shutil.which("hdiutil") is None:
        raise Stopped("A .dmg is made with hdiutil, which only macOS has.")
    stage = place / "dmg"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    application = folder.parent / "Backprop Studio.app"
    shutil.copytree(application, stage / application.name, symlinks=True)
    shutil.copy(folder / "LICENCES.txt", stage)
    (stage / "Applications").symlink_to("/Applications")
    file = place / f"{name_of(version, 'macos')}.dmg"
    subprocess.run(["hdiutil", "create", "-quiet", "-ov", "-volname", "Backprop Studio",
                    "-srcfolder", stage, "-format", "UDZO", file], check=True)  # fmt: skip
    shutil.rmtree(stage)
    return file
