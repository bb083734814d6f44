"""What programs for people without Python are made of, as far as it can be tried in a moment."""

from __future__ import annotations

import configparser
import hashlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import tasks
from bundle import archives, build, debian, manual
from environment import Stopped

ROOT = Path(__file__).parent.parent
LINUX = ROOT / "packaging" / "bundle" / "linux"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the builder leaves it, with a program that can be started."""
    made = tmp_path / "dist" / "bpstudio"
    (made / "_internal" / "글꼴").mkdir(parents=True)
    (made / "_internal" / "글꼴" / "a.ttf").write_bytes(b"font")
    (made / "_internal" / "libA.so.1").write_bytes(b"library")
    (made / "_internal" / "libA.so").symlink_to("libA.so.1")
    (made / "LICENCES.txt").write_text("all of them")
    program = made / "bpstudio"
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    return made


def test_the_archive_is_the_same_again_and_starts(folder: Path, tmp_path: Path) -> None:
    first = hashlib.sha256(archives.tar(folder, tmp_path, "1.0").read_bytes()).digest()
    (folder / "bpstudio").touch()
    file = archives.tar(folder, tmp_path, "1.0")
    assert hashlib.sha256(file.read_bytes()).digest() == first
    there = tmp_path / "바탕 화면"
    shutil.unpack_archive(file, there, filter="data")
    said = subprocess.run([there / "bpstudio" / "bpstudio"], capture_output=True, check=True)
    assert said.stdout == b"started\n"
    assert (there / "bpstudio" / "_internal" / "libA.so").is_symlink()


def test_a_zip_holds_every_file_once(folder: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    shutil.unpack_archive(archives.zipped(folder, tmp_path, "1.0"), there)
    found = {str(f.relative_to(there)) for f in there.rglob("*") if f.is_file()}
    inside = {str(f.relative_to(folder.parent)) for f in folder.rglob("*") if f.is_file()}
    assert found == inside


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not on this system")
def test_a_debian_package_lies_where_a_system_looks(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bpstudio.1").write_text(manual.page(), encoding="utf-8")
    file = debian.package(folder, tmp_path, "1.2.3")
    listed = subprocess.run(["dpkg-deb", "-c", file], capture_output=True, text=True, check=True)
    names = {line.split(maxsplit=5)[5] for line in listed.stdout.splitlines()}
    for name in (
        "./usr/bin/bpstudio -> ../lib/bpstudio/bpstudio",
        "./usr/lib/bpstudio/_internal/libA.so -> libA.so.1",
        "./usr/share/applications/org.bpstudio.BackpropStudio.desktop",
        "./usr/share/mime/packages/org.bpstudio.BackpropStudio.xml",
        "./usr/share/metainfo/org.bpstudio.BackpropStudio.metainfo.xml",
        "./usr/share/man/man1/bpstudio.1.gz",
        "./usr/share/doc/bpstudio/copyright -> ../../../lib/bpstudio/LICENCES.txt",
    ):
        assert name in names
    said = subprocess.run(["dpkg-deb", "-f", file], capture_output=True, text=True, check=True)
    assert "Version: 1.2.3" in said.stdout and "libegl1" in said.stdout


def test_the_desktop_knows_what_opens_a_project() -> None:
    entry = configparser.ConfigParser(interpolation=None, strict=True)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(LINUX / f"{debian.NAME}.desktop", encoding="utf-8")
    mime = ET.parse(LINUX / f"{debian.NAME}.xml").getroot()
    kind = mime[0].get("type")
    assert entry["Desktop Entry"]["MimeType"] == f"{kind};"
    assert "*.bps" in {glob.get("pattern") for glob in mime[0].iterfind("{*}glob")}
    about = ET.parse(LINUX / f"{debian.NAME}.metainfo.xml").getroot()
    assert about.findtext("id") == debian.NAME
    assert about.findtext("launchable") == f"{debian.NAME}.desktop"
    assert about.findtext("provides/mediatype") == kind
    releases = [release.get("version") for release in about.iterfind("releases/release")]
    assert build.version() in releases


def test_the_manual_names_every_command_and_option() -> None:
    from bpstudio.cli.words import parser

    page = manual.page()
    for name, command in manual.commands(parser()).items():
        assert f"bpstudio {name}\n" in page
        for action in command._actions:
            for option in action.option_strings:
                assert option == "-h" or option == "--help" or manual._plain(option) in page
    assert not re.search(r"^\.(?!TH|SH|SS|TP|B|br)", page, re.MULTILINE)


def test_the_recipe_is_python_and_names_files_that_are_there() -> None:
    recipe = ROOT / "packaging" / "bundle" / "bpstudio.spec"
    text = recipe.read_text(encoding="utf-8")
    compile(text, str(recipe), "exec")
    for name in re.findall(r'ROOT / "([^"]+)"', text):
        assert (ROOT / name).exists(), name


def test_only_libraries_of_python_lose_their_debugging_symbols(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = folder / "_internal" / "python3.11" / "lib-dynload" / "math.so"
    ours.parent.mkdir(parents=True)
    ours.write_bytes(b"library")
    (folder / "_internal" / "libpython3.11.so.1.0").write_bytes(b"library")
    stripped: list[str] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", lambda words, **_: stripped.append(words[-1].name))
    build.slim(folder)
    assert sorted(stripped) == ["libpython3.11.so.1.0", "math.so"]


def test_a_clean_checkout_is_bundled_with_its_translations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are compiled before the folder is made of what lies there."""
    done: list[str] = []

    def note(*words: str | Path) -> None:
        done.append(" ".join(map(str, words)))

    (tmp_path / "dist" / "bpstudio" / "_internal" / "resources").mkdir(parents=True)
    (tmp_path / "dist" / "bpstudio" / "LICENCES.txt").touch()
    monkeypatch.setattr(build, "PLACE", tmp_path)
    monkeypatch.setattr(build, "_environment", lambda: None)
    monkeypatch.setattr(build, "_run", note)
    assert build.folder() == tmp_path / "dist" / "bpstudio"
    steps = [word for line in done for word in ("compile", "PyInstaller") if word in line]
    assert steps == ["compile", "PyInstaller"]


def test_a_kind_that_is_none_is_a_sentence() -> None:
    with pytest.raises(Stopped, match="no rpm; there are: folder, tar, zip"):
        build.bundle(["rpm"])


def test_each_system_gets_what_can_be_made() -> None:
    assert {kind for kinds in build.KINDS.values() for kind in kinds} == set(build.MAKERS)
    assert sys.platform in build.KINDS


def test_the_workflow_types_commands_that_are_there() -> None:
    text = (ROOT / ".github" / "workflows" / "packages.yml").read_text(encoding="utf-8")
    typed = re.findall(r"packaging/dev\.py (\w+)", text)
    assert set(typed) == {"test", "bundle"} and all(hasattr(tasks, word) for word in typed)
