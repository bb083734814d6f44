"""The settings dialog: everything holds at once, and Cancel takes it back."""

from __future__ import annotations

import re
from functools import partial

import msgspec
import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from bpstudio.language import current_language
from bpstudio.playback import digits
from bpstudio.ui.dialogs import settings
from bpstudio.ui.dialogs.settings import CHOICES, CHOSEN, ROWS, SettingsDialog
from bpstudio.ui.studio import Studio
from bpstudio.ui.window import Window


@pytest.fixture
def dialog(window: Window) -> SettingsDialog:
    settings.show(window)
    found = window.findChild(SettingsDialog)
    assert isinstance(found, SettingsDialog)
    return found


def pick(dialog: SettingsDialog, name: str, value: object) -> None:
    box = dialog.boxes[name]
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_everything_that_can_be_chosen_has_a_row() -> None:
    assert set(ROWS) == set(CHOICES)
    assert {*CHOICES, *settings.SWITCHES, "keys"} == set(CHOSEN)


def test_every_choice_holds_at_once_and_cancel_takes_all_of_it_back(
    dialog: SettingsDialog, studio: Studio
) -> None:
    before = studio.preferences
    for name, choices in CHOICES.items():
        for _text, value in {choices[0], choices[-1]}:
            pick(dialog, name, value)
            assert getattr(studio.preferences, name) == value
    for name, switch in dialog.switches.items():
        switch.toggle()
        assert getattr(studio.preferences, name) is not getattr(before, name)
    dialog.keys.choose("tidy")
    dialog.keys.pressed.setKeySequence(QKeySequence("F10"))
    dialog.keys.use.click()
    assert studio.preferences.keys == {"tidy": ("F10",)}
    dialog.reject()
    assert studio.preferences == before


def test_what_a_person_did_meanwhile_is_not_taken_back(
    dialog: SettingsDialog, studio: Studio
) -> None:
    pick(dialog, "theme", "dark")
    studio.prefer(recent=("a.bps",), speed=2.0)
    dialog.reject()
    assert studio.preferences.theme == "light"
    assert (studio.preferences.recent, studio.preferences.speed) == (("a.bps",), 2.0)


def test_done_keeps_it(dialog: SettingsDialog, studio: Studio) -> None:
    pick(dialog, "decimals", 3)
    dialog.accept()
    assert studio.preferences.decimals == 3


def test_the_defaults_come_back_but_not_another_language(
    dialog: SettingsDialog, studio: Studio
) -> None:
    before = studio.preferences
    studio.prefer(theme="projector", language="ko", scale=137, keys={"tidy": ("F10",)})
    dialog.restore.click()
    assert studio.preferences == msgspec.structs.replace(before, language="ko")


def test_the_dialog_speaks_the_language_that_is_chosen_in_it(dialog: SettingsDialog) -> None:
    pick(dialog, "language", "ko")
    assert current_language() == "ko"
    assert dialog.windowTitle() == "설정"
    assert dialog.tabs.tabText(1) == "단축키"
    assert dialog.boxes["theme"].currentText() == "밝게"


def test_a_number_that_is_not_offered_is_shown_and_kept(
    dialog: SettingsDialog, studio: Studio
) -> None:
    studio.prefer(scale=137)
    assert "137" in dialog.boxes["scale"].placeholderText()
    dialog.accept()
    assert studio.preferences.scale == 137


def test_larger_type_reaches_every_text(dialog: SettingsDialog, qtbot: QtBot) -> None:
    before = QApplication.font().pixelSize(), dialog.restore.sizeHint().height()
    pick(dialog, "scale", 200)
    assert QApplication.font().pixelSize() == 2 * before[0]
    assert dialog.restore.sizeHint().height() > 1.3 * before[1]
    pick(dialog, "scale", 100)


def test_decimals_reach_the_canvas_and_the_panels_at_once(
    dialog: SettingsDialog, window: Window, studio: Studio, qtbot: QtBot
) -> None:
    studio.show_position(float(studio.shown.length))
    studio.select(["loss1"])
    inspector = window.docks.by_name["inspector"]
    window.docks.bring("inspector")

    def written(figures: str) -> bool:
        texts = " ".join(label.text() for label in inspector.findChildren(QLabel))
        return re.search(figures, texts) is not None

    for decimals in (1, 5):
        pick(dialog, "decimals", decimals)
        pick(dialog, "panel_decimals", decimals)
        figures = rf"(?<![\d.])\d\.\d{{{decimals}}}(?!\d)"
        qtbot.waitUntil(partial(written, figures))
        assert digits.fixed(0.5) == f"{0.5:.{decimals}f}"
    pick(dialog, "decimals", 2)
    pick(dialog, "panel_decimals", 4)


# -- keys ---------------------------------------------------------------------------------------


def test_a_conflict_is_said_by_the_name_of_the_other_command(
    dialog: SettingsDialog, studio: Studio
) -> None:
    page = dialog.keys
    page.choose("tidy")
    page.pressed.setKeySequence(QKeySequence("Ctrl+T"))
    assert "Train or pause" in page.words.text()
    page.add.click()
    assert studio.preferences.keys == {"tidy": ("Ctrl+L", "Ctrl+T"), "train": ()}
    page.choose("train")
    assert not page.clear.isEnabled()
    page.usual.click()
    assert studio.preferences.keys == {"tidy": ("Ctrl+L",)} or studio.preferences.keys == {}


def test_a_key_of_the_canvas_can_not_be_given_away(dialog: SettingsDialog) -> None:
    page = dialog.keys
    page.choose("tidy")
    page.pressed.setKeySequence(QKeySequence("Space"))
    assert not page.use.isEnabled() and not page.add.isEnabled()
    assert "Search for a gate" in page.words.text()
    page.pressed.setKeySequence(QKeySequence("Ctrl+L"))
    assert not page.use.isEnabled()
    page.pressed.setKeySequence(QKeySequence("F10"))
    assert page.use.isEnabled()


@pytest.mark.parametrize("typed", ["tidy up", "자동 정렬", "ㅈㄷㅈㄹ", "ctrl+l"])
def test_commands_are_found_by_name_in_any_language_and_by_keys(
    dialog: SettingsDialog, typed: str
) -> None:
    page = dialog.keys
    page.search.setText(typed)
    shown = [id for id, item in page._rows.items() if not item.isHidden()]
    assert "tidy" in shown and len(shown) < 6
    page.search.clear()
    assert not any(item.isHidden() for item in page._rows.values())


def test_a_command_without_keys_stays_without(dialog: SettingsDialog, studio: Studio) -> None:
    page = dialog.keys
    page.choose("undo")
    page.clear.click()
    assert studio.preferences.keys == {"undo": ()}
    page.usual.click()
    assert studio.preferences.keys == {}
