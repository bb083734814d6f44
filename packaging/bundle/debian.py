"""A .deb: the folder in /usr/lib, and what a desktop needs to know of it in /usr/share."""

from __future__ import annotations

import gzip
import platform
import shutil
import subprocess
from pathlib import Path

from environment import ROOT, Stopped

HERE = Path(__file__).resolve().parent / "linux"
NAME = "org.bpstudio.BackpropStudio"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NEEDED = ("libc6 (>= 2.36)", "libgl1", "libegl1", "fontconfig-config")
"""What must come from the system: the drivers of the screen are the machine's own."""
CONTROL = """Package: bpstudio
Version: {version}
Architecture: {architecture}
Maintainer: Backprop Studio <bpstudio@localhost>
Installed-Size: {size}
Depends: {needed}
Recommends: libwayland-cursor0, libwayland-egl1, shared-mime-info
Section: education
Priority: optional
Description: see and try out backpropagation
 Build a network of gates or layers on a canvas, run it forward and backward one
 gate at a time, train it, and take it home as code that runs.
"""


def package(folder: Path, place: Path, version: str) -> Path:
    """The package; raises Stopped where this system can't make one."""
    if shutil.which("dpkg-deb") is None:
        raise Stopped("A .deb is made with dpkg-deb, which this system does not have.")
    root = place / "deb"
    shutil.rmtree(root, ignore_errors=True)
    _lay_out(folder, root, place)
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    control = CONTROL.format(
        version=version,
        architecture=architecture,
        size=sum(f.stat().st_size for f in root.rglob("*") if f.is_file() and not f.is_symlink())
        // 1024,
        needed=", ".join(NEEDED),
    )
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    file = place / f"bpstudio_{version}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, file],
                   stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    shutil.rmtree(root)
    return file


def _lay_out(folder: Path, root: Path, place: Path) -> None:
    """The files as they will lie in the system."""
    share = root / "usr" / "share"
    shutil.copytree(folder, root / "usr" / "lib" / "bpstudio", symlinks=True)
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr" / "bin" / "bpstudio").symlink_to("../lib/bpstudio/bpstudio")
    for source, target in {
        HERE / f"{NAME}.desktop": share / "applications",
        HERE / f"{NAME}.metainfo.xml": share / "metainfo",
        HERE / f"{NAME}.xml": share / "mime" / "packages",
    }.items():
        target.mkdir(parents=True)
        shutil.copy(source, target)
    icons = share / "icons" / "hicolor" / "scalable"
    for kind, name in (("apps", NAME), ("mimetypes", "application-x-bpstudio-project")):
        (icons / kind).mkdir(parents=True)
        shutil.copy(ROOT / "resources" / "icons" / "bpstudio.svg", icons / kind / f"{name}.svg")
    documents = share / "doc" / "bpstudio"
    documents.mkdir(parents=True)
    (documents / "copyright").symlink_to("../../../lib/bpstudio/LICENCES.txt")
    manual = share / "man" / "man1"
    manual.mkdir(parents=True)
    page = (place / "bpstudio.1").read_bytes()
    (manual / "bpstudio.1.gz").write_bytes(gzip.compress(page, mtime=0))
    for entry in root.rglob("*"):
        if not entry.is_symlink():
            entry.chmod(0o755 if entry.is_dir() or entry.stat().st_mode & 0o100 else 0o644)
