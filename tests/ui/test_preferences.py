"""Preferences: kept in a file, and never a reason not to start."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bpstudio.language import set_language
from bpstudio.ui import preferences
from bpstudio.ui.preferences import Preferences


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    chosen = Preferences(theme="dark", language="ko", decimals=3, recent=("a.bps",))
    assert preferences.save(chosen, path) == ""
    assert preferences.load(path) == (chosen, None)
    assert [file.name for file in path.parent.iterdir()] == ["settings.json"]


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert preferences.load(tmp_path / "settings.json") == (Preferences(), None)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"theme": "dark"} more'],
)
def test_a_broken_file_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    chosen, complaint = preferences.load(path)
    assert chosen == Preferences()
    assert "settings.broken.json" in str(complaint)
    assert (tmp_path / "settings.broken.json").read_bytes() == content
    assert not path.exists()


def test_an_older_broken_file_is_kept_beside_the_newer_one(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    for content in (b"{1", b"{2", b"{3"):
        path.write_bytes(content)
        preferences.load(path)
    names = ("settings.broken.json", "settings.broken-2.json", "settings.broken-3.json")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"{1", b"{2", b"{3"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("decimals", 99),
        ("panel_decimals", -1),
        ("scale", 1000),
        ("scale", "large"),
        ("speed", 0),
        ("pace", -1),
        ("recent", 3),
        ("keys", {"undo": "Ctrl+Z"}),
        ("geometry", "no base 64!"),
        ("docks", "AAA"),
        ("reduce_motion", None),
    ],
)
def test_one_choice_that_can_not_be_goes_back_alone(
    tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / "settings.json"
    content = msgspec.json.encode({"language": "ko", "minimap": False, name: value})
    path.write_bytes(content)
    chosen, complaint = preferences.load(path)
    assert chosen == Preferences(language="ko", minimap=False)
    assert f"defaults: {name}." in str(complaint)
    assert (tmp_path / "settings.broken.json").read_bytes() == content


def test_what_a_newer_version_chose_besides_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b'{"theme": "dark", "weather": "fair"}')
    assert preferences.load(path) == (Preferences(theme="dark"), None)


def test_any_mutation_of_the_file_is_read_or_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    whole = msgspec.json.encode(Preferences(theme="projector", recent=("한글.bps", "b.bps")))
    chance = random.Random(1)
    for _ in range(100):
        mutant = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        path.write_bytes(bytes(mutant))
        chosen, _complaint = preferences.load(path)
        assert isinstance(chosen, Preferences)


def test_a_place_that_can_not_be_written_to_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    complaint = preferences.save(Preferences(), file / "settings.json")
    assert "could not be saved" in complaint


def test_recent_files_are_few_and_the_newest_is_first(tmp_path: Path) -> None:
    chosen = Preferences()
    for number in range(12):
        chosen = preferences.with_recent(chosen, tmp_path / f"{number}.bps")
    chosen = preferences.with_recent(chosen, tmp_path / "5.bps")
    assert len(chosen.recent) == 10
    assert chosen.recent[0] == str(tmp_path / "5.bps")
    assert len(set(chosen.recent)) == 10
    # A name from a system of another encoding, as Python has it, can't be written down.
    assert preferences.with_recent(chosen, tmp_path / "\udcb1\udcd7.bps") == chosen
    assert preferences.save(chosen, tmp_path / "settings.json") == ""


BEGUN = """
import sys
from bpstudio.cli import main
from bpstudio.ui import app

def begun(chosen, training):
    print(chosen.language)
    sys.exit()

app.Studio = begun
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("machine", "settings", "words", "spoken"),
    [
        ("ko_KR.UTF-8", None, "", "ko"),
        ("de_DE.UTF-8", None, "", "en"),
        ("ko_KR.UTF-8", b'{"language": "en"}', "", "en"),
        ("ko_KR.UTF-8", b"broken", "", "ko"),
        ("de_DE.UTF-8", None, "--lang ko", "ko"),
        ("de_DE.UTF-8", b'{"language": "en"}', "window --lang=ko", "ko"),
        ("ko_KR.UTF-8", b'{"language": "ko"}', "--lang en", "en"),
        ("ko_KR.UTF-8", None, "--lang en --reset", "en"),
    ],
)
def test_the_window_speaks_as_it_is_told_else_as_it_was_set_else_as_the_machine(
    tmp_path: Path, machine: str, settings: bytes | None, words: str, spoken: str
) -> None:
    if settings is not None:
        (tmp_path / "settings.json").write_bytes(settings)
    told = {"LC_ALL": machine, "BPSTUDIO_SETTINGS": str(tmp_path)}
    command = [sys.executable, "-c", BEGUN, *words.split()]
    found = subprocess.run(
        command, env={**os.environ, **told}, capture_output=True, text=True, timeout=120
    )
    assert found.stdout.split()[-1:] == [spoken], found.stderr


def test_settings_that_could_not_be_used_are_told_of_in_the_language_of_the_window(
    tmp_path: Path,
) -> None:
    """Whichever language is spoken while they are read."""
    path = tmp_path / "settings.json"
    path.write_bytes(b'{"language": "ko", "scale": 1}')
    chosen, complaint = preferences.load(path)
    set_language(chosen.language)
    try:
        assert "기본값으로" in str(complaint)
    finally:
        set_language("en")
