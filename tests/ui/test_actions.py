"""The table of commands: keys and accelerators are given once, and every text can be translated."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from bpstudio.language import LANGUAGES, _, set_language
from bpstudio.ui import actions, commands, menus

COMMANDS = Path(commands.__file__).parent


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_entries_of_a_menu_have_the_same_accelerator(language: str) -> None:
    set_language(language)
    entries: dict[str, list[str]] = {}
    for each in actions.table.values():
        entries.setdefault(each.under or each.menu, []).append(each.text)
        if each.under and each.under not in entries[each.menu]:
            entries[each.menu].append(each.under)
    entries["bar"] = list(menus.TITLES.values())
    entries["File"] += [menus.RECENT, menus.EXAMPLES]
    entries["View"] += [menus.PANELS, menus.PLOTS]
    for menu, texts in entries.items():
        found = Counter(letter for text in texts if (letter := accelerator(_(text))))
        assert [letter for letter, count in found.items() if count > 1] == [], menu


def test_no_two_commands_have_the_same_keys() -> None:
    keys = [
        QKeySequence(shortcut).toString()
        for entry in actions.table.values()
        for shortcut in entry.shortcut
    ]
    assert all(keys)
    assert [each for each, count in Counter(keys).items() if count > 1] == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Save &as…", "Save as"),
        ("다른 이름으로 저장(&A)…", "다른 이름으로 저장"),
        ("한국어", "한국어"),
    ],
)
def test_a_text_outside_of_menus_shows_no_accelerator(text: str, plain: str) -> None:
    assert actions.plain(text) == plain


def test_every_command_stands_in_a_menu_that_there_is() -> None:
    assert {entry.menu for entry in actions.table.values()} == set(actions.MENUS)
    assert set(menus.TITLES) == set(actions.MENUS)


def test_commands_of_a_group_stand_together() -> None:
    for menu in actions.MENUS:
        groups = [entry.group for entry in actions.table.values() if entry.menu == menu]
        assert groups == sorted(groups), menu


def test_every_text_of_a_command_is_marked_for_translation() -> None:
    unmarked = []
    for module in COMMANDS.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "action":
                texts = [node.args[0], *(k.value for k in node.keywords if k.arg == "help")]
                unmarked += [
                    f"{module.name}:{text.lineno}"
                    for text in texts
                    if not (isinstance(text, ast.Call) and ast.unparse(text.func) == "N_")
                ]
    assert unmarked == []


def test_a_command_that_is_announced_twice_is_refused() -> None:
    with pytest.raises(TypeError, match="undo"):

        @actions.action("Again", menu="Edit")
        def undo(_window: object) -> None: ...


def accelerator(text: str) -> str:
    """The letter after the ampersand."""
    _before, ampersand, after = text.partition("&")
    return after[:1].upper() if ampersand else ""
