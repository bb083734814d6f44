"""What is wanted later is imported between what a person does, one module at a time."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bpstudio.ui import warming
from bpstudio.ui.docks import PANELS, Dock
from bpstudio.ui.window import Window


def test_each_call_imports_one_and_none_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def load(name: str) -> None:
        names.append(name)
        if name == "absent":
            raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", load)
    calls = warming.imports(["sys", "one", "absent", "threading", "two"])
    assert names == []
    for count, call in enumerate(calls, 1):
        call()  # whoever wants "absent" is told; here it is passed over
        assert len(names) == count
    assert names == ["one", "absent", "two"]


def test_everything_that_is_named_is_there() -> None:
    names = {*warming.later(), *(name for panel in PANELS for name in panel.modules)}
    for name in names:
        importlib.import_module(name)
    assert "bpstudio.ui.dialogs.sweep" in names


def test_a_window_imports_the_rest_when_it_is_whole(
    open_window: Callable[[], Window],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    # A module of its own: one of ours that is imported twice would have each class twice.
    last = "imported_when_the_window_is_whole"
    (tmp_path / f"{last}.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    rest = [*warming.later(), last]
    monkeypatch.setattr(warming, "later", lambda: iter(rest))
    open_window()
    qtbot.waitUntil(lambda: last in sys.modules)
    del sys.modules[last]


def test_a_panel_that_can_not_be_made_keeps_no_other_away(
    open_window: Callable[..., Window],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    told: list[str] = []
    fill = Dock.fill

    def faulty(dock: Dock, studio: object) -> None:
        fill(dock, studio)  # type: ignore[arg-type]
        if dock.panel.name == "weights":
            told.append(dock.panel.name)
            raise RuntimeError("a fault in a panel")

    monkeypatch.setattr(Dock, "fill", faulty)
    with qtbot.captureExceptions() as exceptions:
        window = open_window()
    assert [str(error) for _kind, error, _trace in exceptions] == ["a fault in a panel"]
    assert told == ["weights"]
    assert all(dock.filled for dock in window.docks.by_name.values())


def test_what_is_not_used_at_the_start_is_not_imported() -> None:
    later = (
        "bpstudio.data.delimited",
        "bpstudio.data.toys",
        "bpstudio.engine.derivative",
        "bpstudio.engine.jacobian",
        "bpstudio.project.gallery",
        "bpstudio.ui.canvas.searches",
        "bpstudio.ui.panels.entries",
        "pyqtgraph",
    )
    code = f"import sys, bpstudio.ui.app; print([m for m in {later} if m in sys.modules])"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == "[]"


def test_the_panel_of_lessons_comes_without_what_single_lessons_compute_with() -> None:
    later = ("bpstudio.exchange.verify", "bpstudio.training.together", "bpstudio.engine.plan")
    code = f"import sys, bpstudio.ui.panels.lesson; print([m for m in {later} if m in sys.modules])"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == "[]"
