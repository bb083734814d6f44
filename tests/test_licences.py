"""Whatever comes with the programs is named with its licence, in one text that goes with them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from bundle import build, licences

from bpstudio import resources

ROOT = Path(__file__).parent.parent
RULE = "=" * 78
SHORTEST = 300
"""Letters that the text of a licence has at least."""


class Part(NamedTuple):
    """A work, its licence in a word, and the text of that."""

    name: str
    version: str
    licence: str
    text: str


def parts(whole: str) -> list[Part]:
    """The works that a text of licences names."""
    found = []
    pieces = re.split(rf"^{RULE}\n(.+)\n{RULE}\n", whole, flags=re.MULTILINE)
    for title, text in zip(pieces[1::2], pieces[2::2], strict=True):
        work, _dot, licence = title.partition(" · ")
        name, _space, version = work.rpartition(" ") if licence else (work, "", "")
        found.append(Part(normal(name), version, licence, text.strip()))
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def named() -> list[Part]:
    return parts(resources.path("LICENCES.txt").read_text("utf-8"))


def locked() -> dict[str, set[str]]:
    """What the lock of the programs has, without the tools that build them."""
    lock = build.LOCK.read_text("utf-8")
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE):
        found.setdefault(normal(name), set()).add(version)
    return {name: versions for name, versions in found.items() if name not in licences.TOOLS}


def test_every_library_of_the_lock_is_there_with_its_licence(named: list[Part]) -> None:
    by_name = {part.name: part for part in named}
    wanted = locked()
    assert len(wanted) > 15 and {"numpy", "pyside6-essentials", "pillow"} <= set(wanted)
    again = "`packaging/dev.py bundle folder` writes resources/LICENCES.txt anew"
    for name, versions in wanted.items():
        assert name in by_name, f"{name}: {again}"
        part = by_name[name]
        assert part.version in versions, f"{name} {part.version}: {again}"
        assert part.licence and part.licence != "see its text"
        assert len(part.text) > SHORTEST or name in licences.OF_QT, name


def test_qt_python_fonts_icons_and_data_are_there(named: list[Part]) -> None:
    names = {part.name for part in named}
    assert {"gpl-3-0, of qt and pyside6", "lgpl-3-0, of qt and pyside6"} <= names
    assert any(name.startswith("python 3") for name in names)
    for file in (*ROOT.glob("resources/fonts/*OFL.txt"), *ROOT.glob("resources/data/*.txt")):
        assert normal(file.relative_to(ROOT).as_posix()) in names
    assert normal("resources/icons/tabler/LICENSE") in names
    assert not any("guide" in name for name in names)


def test_what_the_about_box_lists_is_what_the_project_needs(named: list[Part]) -> None:
    from bpstudio.ui.dialogs.about import LIBRARIES

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {normal(re.split(r"[><=; ]", line)[0]) for line in project["dependencies"]}
    listed = {normal(name): licence for name, licence in LIBRARIES}
    assert set(listed) == needed
    said = {part.name: part.licence for part in named}
    for name, licence in listed.items():
        word = licence.rpartition("· ")[2].partition("-")[0]
        assert word.lower() in said[name].lower(), (name, said[name])


def test_libraries_of_the_system_bring_the_texts_of_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "folder"
    inside.mkdir()
    (inside / "libfirst.so.1").write_bytes(b"library")
    (inside / "libpython3.11.so.1.0").write_bytes(b"library")
    documents, common = tmp_path / "doc", tmp_path / "common-licenses"
    (documents / "first1").mkdir(parents=True)
    common.mkdir()
    (documents / "first1" / "copyright").write_text(f"Written by one. See {common}/LGPL-2.1.")
    (common / "LGPL-2.1").write_text("The whole text.")
    monkeypatch.setattr(licences, "DOCUMENTS", documents)
    monkeypatch.setattr(licences, "COMMON", common)
    asked: list[list[str]] = []

    def answer(words: list[str], **_how: object) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        lines = (
            "first1:amd64, first1:i386: /usr/lib/x86_64/libfirst.so.1\nother: /srv/libfirst.so.1\n"
        )
        return subprocess.CompletedProcess(words, 0, lines, "")

    monkeypatch.setattr(subprocess, "run", answer)
    first, lgpl = parts("\n".join(licences._of_system(inside)))
    assert asked[0][-1] == "*/libfirst.so.1" and len(asked[0]) == 3
    assert first.name == "first1, of debian: libfirst-so-1" and "Written by one" in first.text
    assert lgpl.text == "The whole text."
