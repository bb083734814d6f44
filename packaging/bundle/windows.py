"""An installer for Windows, made with Inno Setup."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from environment import Stopped

SCRIPT = Path(__file__).resolve().parent / "windows" / "bpstudio.iss"
USUAL = Path(os.environ.get("PROGRAMFILES(X86)", "C:/Program Files (x86)"), "Inno Setup 6/ISCC.exe")


def installer(folder: Path, place: Path, version: str) -> Path:
    """The setup program; raises Stopped where this system can't make one."""
    compiler = shutil.which("ISCC") or (str(USUAL) if USUAL.exists() else None)
    if compiler is None:
        raise Stopped("An installer is made with Inno Setup 6 on Windows, which is not here.")
    name = f"bpstudio-{version}-setup"
    icon = place / "icons" / "bpstudio.ico"
    subprocess.run([compiler, "/Q", f"/DVersion={version}", f"/DFolder={folder}", f"/DIcon={icon}",
                    f"/O{place}", f"/F{name}", str(SCRIPT)], check=True)  # fmt: skip
    return place / f"{name}.exe"
