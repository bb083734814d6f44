"""Keys that a person chose: one combination gives one command, and ours come back."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest

from bpstudio.ui import actions, keys
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


def usual() -> dict[str, tuple[str, ...]]:
    return {id: tuple(map(keys.spelled, each.shortcut)) for id, each in actions.table.items()}


def test_without_changes_every_command_has_its_own_keys() -> None:
    assert keys.held({}) == usual()


def test_a_combination_is_taken_from_whoever_had_it() -> None:
    changed = keys.given({}, "tidy", ("Ctrl+T",))
    assert keys.held(changed)["tidy"] == ("Ctrl+T",)
    assert keys.held(changed)["train"] == ()
    assert keys.owner("ctrl+t", changed) == "tidy"
    assert keys.owner("Ctrl+L", changed) == ""


def test_going_back_to_the_default_takes_the_keys_back_and_leaves_nothing_changed() -> None:
    changed = keys.given({}, "tidy", ("Ctrl+T",))
    changed = keys.given(changed, "train", actions.table["train"].shortcut)
    assert keys.held(changed)["train"] == ("Ctrl+T",)
    assert keys.held(changed)["tidy"] == ()
    assert keys.given(changed, "tidy", actions.table["tidy"].shortcut) == {}


def test_whatever_the_file_says_no_combination_gives_two_commands() -> None:
    changed = {
        "tidy": ("Ctrl+T", "no key", "", "Ctrl+T"),
        "undo": ("Ctrl+T", "Ctrl+K"),
        "of_a_newer_version": ("Ctrl+J",),
    }
    found = keys.held(changed)
    every = [key for each in found.values() for key in each]
    assert len(every) == len(set(every))
    assert found["undo"] == ("Ctrl+T", "Ctrl+K")
    assert found["tidy"] == found["train"] == ()
    assert found["search_everything"] == ()
    assert keys.given(changed, "save", ("F10",))["of_a_newer_version"] == ("Ctrl+J",)


@pytest.mark.parametrize("text", ["", "nonsense", "Ctrl+", "Ctrl+A, Ctrl+B"])
def test_what_is_no_combination_is_none(text: str) -> None:
    assert keys.spelled(text) == ""


@pytest.mark.parametrize("text", ["Space", "Tab", "Shift+Tab", "Left", "Return", "Esc"])
def test_what_the_canvas_needs_is_given_to_no_command(text: str) -> None:
    assert keys.fixed(text, "tidy")


def test_a_command_may_keep_a_key_that_it_shares_with_the_canvas() -> None:
    assert keys.fixed("Esc", "stop_presenting") == ""
    for id, each in actions.table.items():
        assert [key for key in each.shortcut if keys.fixed(key, id)] == []


def test_the_window_follows_at_once(window: Window, studio: Studio) -> None:
    undo = window.actions_by_id["undo"]
    studio.prefer(keys={"undo": ("F10",)})
    assert undo.shortcuts() == [QKeySequence("F10")]
    assert "F10" in undo.toolTip()
    studio.prefer(keys={})
    assert undo.shortcuts() == [QKeySequence("Ctrl+Z")]


def test_a_clicker_of_other_keys_leads_the_window(window: Window, studio: Studio) -> None:
    studio.prefer(keys={"step_back": ("Volume Down",)})
    window.activateWindow()
    before = studio.shown.position
    QTest.keySequence(window, QKeySequence("Volume Down"))
    assert studio.shown.position < before
