"""Where a person's own things lie, and portable mode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bpstudio import folders


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a program that is not installed portably."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    for name in ("BPSTUDIO_SETTINGS", "BPSTUDIO_PORTABLE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_usually_everything_lies_where_the_system_has_a_place_for_it(program: Path) -> None:
    assert folders.together() is None
    assert not any(place.is_relative_to(program) for place in folders.all_of_them().values())


def test_a_file_beside_the_program_keeps_everything_there(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program / folders.MARK).touch()
    home = program / folders.DATA
    assert folders.settings() == home / "settings.json"
    assert all(place.is_relative_to(home) for place in folders.all_of_them().values())
    monkeypatch.setenv("BPSTUDIO_PORTABLE", "0")
    assert folders.together() is None


def test_the_option_and_the_variable_do_the_same(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPSTUDIO_PORTABLE", "")
    assert folders.together() is None
    folders.go_portable()
    assert folders.together() == program / folders.DATA
    monkeypatch.setenv("BPSTUDIO_SETTINGS", str(program / "mine"))
    assert folders.recovery() == program / "mine" / "recovery"


def test_a_frozen_program_keeps_it_beside_its_executable_or_its_app(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program / "studio" / "bpstudio"))
    assert folders.beside_program() == (program / "studio").resolve()
    inside = program / "Studio.app" / "Contents" / "MacOS" / "bpstudio"
    monkeypatch.setattr(sys, "executable", str(inside))
    assert folders.beside_program() == program.resolve()


def test_the_window_keeps_nothing_anywhere_else(tmp_path: Path) -> None:
    """A start in portable mode, with a home that would tell."""
    home, prefix = tmp_path / "home", tmp_path / "stick"
    home.mkdir()
    prefix.mkdir()
    (prefix / folders.MARK).touch()
    begin = "import sys; sys.prefix = sys.argv[1]; from bpstudio.cli import main; "
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("XDG_")},
        "HOME": str(home),
        "QT_QPA_PLATFORM": "offscreen",
    }
    environment.pop("BPSTUDIO_SETTINGS", None)
    command = [sys.executable, "-c", begin + "sys.exit(main(['window', '--smoke']))", str(prefix)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (prefix / folders.DATA / "log" / "bpstudio.log").is_file()
    assert (prefix / folders.DATA / "recovery").is_dir()
    assert not [path for path in home.rglob("*") if "bpstudio" in path.name]
