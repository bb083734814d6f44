"""The parts of packaging/dev.py that need neither a network nor a new environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import environment
import pytest
import system_libraries
import tasks
from environment import Stamp, Stopped, read_stamp, remedy, wanted_stamp

FRESH = Stamp(contents="abc", python="3.11", root="here", ours=True)


@pytest.mark.parametrize(
    ("found", "unfinished", "python_works", "work"),
    [
        (FRESH, False, True, "nothing"),
        (None, False, True, "complete"),
        (None, False, False, "make"),
        (None, True, True, "make"),
        (FRESH, True, True, "make"),
        (FRESH, False, False, "make"),
        (replace(FRESH, contents="old"), False, True, "complete"),
        (replace(FRESH, python="3.12"), False, True, "make"),
        (replace(FRESH, root="there"), False, True, "make"),
        (replace(FRESH, ours=False), False, True, "nothing"),
        (replace(FRESH, ours=False, python="3.12"), False, True, "nothing"),
        (replace(FRESH, ours=False, root="there"), False, True, "complete"),
        (replace(FRESH, ours=False, contents="old"), False, True, "complete"),
    ],
)
def test_an_environment_is_made_completed_or_left(
    found: Stamp | None, unfinished: bool, python_works: bool, work: str
) -> None:
    assert remedy(found, FRESH, unfinished, python_works) == work


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"contents": "abc"}', "\x00"])
def test_a_stamp_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "stamp"
    file.write_text(text)
    assert read_stamp(file) is None


def test_the_stamp_follows_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==1\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    before = wanted_stamp(ours=True)
    assert wanted_stamp(ours=True) == before
    lock.write_text("numpy==2\n")
    assert wanted_stamp(ours=True).contents != before.contents


def test_the_lock_has_what_the_project_names_and_no_torch() -> None:
    lock = environment.LOCK.read_text(encoding="utf-8")
    names = {line.split("==")[0] for line in lock.splitlines() if line[:1].isalnum()}
    assert {"numpy", "pyside6-essentials", "onnx", "onnxruntime", "safetensors"} <= names
    assert {"pytest", "ruff", "mypy", "import-linter", "babel", "hatchling"} <= names
    assert "torch" not in names
    # pip wants a hash for each, or refuses all.
    assert lock.count("--hash=sha256:") > len(names)


def test_a_path_is_spelt_so_that_every_encoding_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "빈 칸 'and' \"quotes\""
    line = environment.path_line(folder)
    assert line.isascii() and line.startswith("import ") and line.count("\n") == 1
    reader = "import sys; exec(sys.argv[1]); sys.stdout.buffer.write(sys.path[-1].encode())"
    read = subprocess.run([sys.executable, "-c", reader, line], capture_output=True, check=True)
    assert read.stdout.decode() == str(folder)


def test_of_all_that_pip_said_the_last_complaint_is_shown() -> None:
    output = "WARNING: Retrying\nERROR: No matching distribution found for numpy\nnotice: new\n"
    assert environment.last_error(output) == "No matching distribution found for numpy"
    assert environment.last_error("killed.\n") == "killed"
    assert environment.last_error("") == "pip said nothing"


def test_variables_that_lead_python_astray_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("KEPT", "yes")
    passed = environment.clean_environ()
    assert "PYTHONPATH" not in passed and passed["KEPT"] == "yes"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system brings its own")
class TestSystemLibraries:
    def test_a_library_is_looked_for_by_loading_it(self) -> None:
        assert system_libraries.loads("libc.so.6")
        assert not system_libraries.loads("libno-such-library.so.0")

    def test_what_does_not_load_is_named_as_a_package(self) -> None:
        gone = {"libxcb-cursor.so.0", "libEGL.so.1"}
        missing = system_libraries.missing_packages(False, loads=lambda name: name not in gone)
        assert missing == ["libegl1", "libxcb-cursor0"]

    def test_a_python_without_pip_is_noticed_only_where_that_matters(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert system_libraries.missing_packages(False, loads=lambda name: True) == []
        [package] = system_libraries.missing_packages(True, loads=lambda name: True)
        assert package == f"python{sys.version_info.major}.{sys.version_info.minor}-venv"

    def test_a_person_gets_one_line_to_type(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        monkeypatch.setattr(system_libraries, "missing_packages", lambda _: ["libgl1", "libegl1"])
        monkeypatch.setattr(system_libraries, "may_install", lambda: False)
        system_libraries.bring(making_venv=False, refused=tmp_path / "refused")
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.endswith("sudo apt-get install libgl1 libegl1\n")

    def test_an_administrator_is_served_once(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        asked: list[tuple[str, ...]] = []
        monkeypatch.setattr(system_libraries, "missing_packages", lambda _: ["libgl1"])
        monkeypatch.setattr(system_libraries, "may_install", lambda: True)
        monkeypatch.setattr(system_libraries, "_apt_get", lambda *words: asked.append(words))
        for _time in range(2):
            system_libraries.bring(making_venv=False, refused=tmp_path / "refused")
        assert [words[0] for words in asked] == ["update", "install"]
        assert capsys.readouterr().err.count("sudo apt-get install libgl1") == 2


@pytest.mark.parametrize(
    ("platform", "variables", "screen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_screen_is_recognised(platform: str, variables: dict[str, str], screen: bool) -> None:
    assert tasks.has_screen(platform, variables) is screen


def test_an_unknown_task_shows_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.main(["dance"], "usage") == 2
    assert capsys.readouterr().err == "usage\n"
    assert tasks.main(["--help"], "usage") == 0
    assert capsys.readouterr().out == "usage\n"


def test_what_cannot_be_done_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise Stopped("No network.")

    monkeypatch.setattr(tasks, "prepare", fails)
    assert tasks.main(["run"], None) == 1
    assert capsys.readouterr().err == "No network.\n"


def test_an_interruption_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks, "prepare", interrupted)
    assert tasks.main(["test"], None) == 130


def test_words_after_test_go_to_pytest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []

    def passes(name: str) -> bool:
        started.append((name,))
        return False

    def pytest_passes(*words: str) -> int:
        started.append(("pytest", *words))
        return 0

    monkeypatch.setattr(tasks, "prepare", lambda: None)
    monkeypatch.setattr(tasks, "_passes", passes)
    monkeypatch.setattr(tasks, "_pytest", pytest_passes)
    assert tasks.main(["test", "-k", "gate"], None) == 0
    assert started == [("pytest", "-k", "gate")]

    # A check that failed is not forgotten because pytest passes.
    started.clear()
    assert tasks.main(["test"], None) == 1
    assert started[-1] == ("pytest", "--cache-clear")
    assert [name for (name,) in started[:-1]] == list(tasks.CHECKS)


@pytest.mark.parametrize(
    ("failed", "again", "status", "told"),
    [
        (["a.py::one"], 0, 0, True),
        (["a.py::one", "b.py::two", "c.py::three"], 0, 0, True),
        (["a.py::one"], 1, 1, False),
        (["a.py::one", "b.py::two", "c.py::three", "d.py::four"], None, 1, False),
        ([], None, 1, False),
        (None, None, 1, False),
    ],
)
def test_a_few_failures_are_looked_at_once_more(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    failed: list[str] | None,
    again: int | None,
    status: int,
    told: bool,
) -> None:
    calls: list[tuple[str, ...]] = []

    def run(*words: str) -> int:
        calls.append(words)
        if words != ("--cache-clear",):
            assert again is not None
            return again
        if failed is not None:
            file = tmp_path / ".pytest_cache" / "v" / "cache" / "lastfailed"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(dict.fromkeys(failed, True)))
        return 1

    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    monkeypatch.setattr(tasks, "prepare", lambda: None)
    monkeypatch.setattr(tasks, "_passes", lambda _name: True)
    monkeypatch.setattr(tasks, "_pytest", run)
    assert tasks.test([]) == status
    assert calls[1:] == ([] if again is None else [tuple(failed or ())])
    said = capsys.readouterr().out
    assert ("UNSTEADY" in said) == told
    assert all((name in said) == told for name in failed or ())


def test_a_python_that_is_too_old_gets_one_sentence(tmp_path: Path) -> None:
    """Run by an interpreter that claims to be old, as old ones are not at hand."""
    door = environment.ROOT / "packaging" / "dev.py"
    claim = "import runpy, sys; sys.version_info = (3, 10, 4); runpy.run_path(sys.argv[1])"
    outcome = subprocess.run(
        [sys.executable, "-c", claim, door],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 1
    assert (
        outcome.stderr == "Backprop Studio needs Python 3.11 or newer, and this is Python 3.10.4.\n"
    )
