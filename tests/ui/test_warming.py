"""What is wanted later is imported beside the window, and a window that closes ends it."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator

import pytest

from bpstudio.ui import warming
from bpstudio.ui.docks import PANELS
from bpstudio.ui.warming import Warming
from bpstudio.ui.window import Window


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was imported, in its order; nothing is."""
    names: list[str] = []
    monkeypatch.setattr(warming, "_later", lambda: iter(("absent", "later")))

    def load(name: str) -> None:
        assert threading.current_thread() is not threading.main_thread()
        names.append(name)
        if name == "absent":
            raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", load)
    return names


@pytest.fixture
def made() -> Iterator[Warming]:
    """One that is left at the end."""
    one = Warming()
    yield one
    one.leave()


def test_what_the_window_is_made_of_comes_first_and_the_rest_when_it_is_whole(
    imported: list[str], made: Warming
) -> None:
    assert made.has(["one"])  # nobody imports it beside: there is nothing to wait for
    made.begin(["sys", "one", "two"])
    while not made.has(["one", "two"]):
        pass
    assert imported == ["one", "two"] and not made.has(["later"])
    made.go_on()
    assert made._thread is not None
    made._thread.join(20)
    assert imported == ["one", "two", "absent", "later"]
    assert made.has(["absent", "later", "unheard"])


def test_who_leaves_waits_for_no_more(imported: list[str], made: Warming) -> None:
    made.begin(["one"])
    while not made.has(["one"]):
        pass
    made.leave()
    assert made._thread is not None and not made._thread.is_alive()
    assert imported == ["one"]


def test_what_is_there_is_not_imported_again(
    monkeypatch: pytest.MonkeyPatch, made: Warming
) -> None:
    monkeypatch.setattr(warming, "_later", lambda: iter(("sys", "threading")))
    made.begin(["importlib"])
    assert made._thread is None


def test_everything_that_is_named_is_there(open_window: Callable[[], Window]) -> None:
    open_window()
    names = {*warming._later(), *(name for panel in PANELS for name in panel.modules)}
    for name in names:
        importlib.import_module(name)
    assert "bpstudio.ui.dialogs.sweep" in names
