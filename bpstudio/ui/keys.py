"""Which keys give which command, now that a person may choose other keys than ours.

What was changed is kept by the command's id (`Preferences.keys`); everything else follows the table
of commands. A combination gives one command only: who is given it takes it from whoever had it,
and one that was changed wins over our own.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction, QKeySequence

from bpstudio.language import N_, _
from bpstudio.ui import actions
from bpstudio.ui.canvas.keyboard import KEYS

Changed = Mapping[str, tuple[str, ...]]
"""The keys of the commands whose keys were changed, by the command's id."""

_ARROWS = ("Left", "Right", "Up", "Down")
_FIXED = {
    KEYS[0][0]: ("Space",),
    KEYS[1][0]: ("Tab", "Shift+Tab", "Shift+Backtab", "Backtab"),
    KEYS[2][0]: _ARROWS,
    KEYS[3][0]: tuple(f"Ctrl+{arrow}" for arrow in _ARROWS),
    KEYS[4][0]: ("Ctrl+Space",),
    KEYS[5][0]: tuple(f"Shift+{arrow}" for arrow in _ARROWS),
    KEYS[6][0]: tuple(f"Alt+{arrow}" for arrow in _ARROWS),
    KEYS[7][0]: ("Return", "Enter"),
    N_("Give up what is being done"): ("Esc",),
}
"""What keys mean on the canvas alone: they can't be given to a command."""


def spelled(keys: str) -> str:
    """A combination as it is kept and compared; empty for what is none."""
    portable = QKeySequence.SequenceFormat.PortableText
    sequence = QKeySequence(keys, portable)
    return sequence.toString(portable) if sequence.count() == 1 else ""


def native(keys: str) -> str:
    """A combination as this system writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def held(changed: Changed) -> dict[str, tuple[str, ...]]:
    """The keys of every command; each combination stands once."""
    taken: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for id in sorted(actions.table, key=lambda id: id not in changed):
        asked = changed.get(id, actions.table[id].shortcut)
        keys = tuple(key for key in map(spelled, asked) if key and key not in taken)
        found[id] = tuple(dict.fromkeys(keys))
        taken.update(keys)
    return {id: found[id] for id in actions.table}


def owner(keys: str, changed: Changed) -> str:
    """The id of the command that a combination gives now; empty if it gives none."""
    wanted = spelled(keys)
    return next((id for id, each in held(changed).items() if wanted in each), "")


def fixed(keys: str, id: str) -> str:
    """What a combination means on the canvas, if that is why a command can't have it."""
    wanted = spelled(keys)
    if wanted in map(spelled, actions.table[id].shortcut):
        return ""
    return next((_(words) for words, each in _FIXED.items() if wanted in each), "")


def given(changed: Changed, id: str, keys: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What is changed when a command is given those keys and nobody else has them any more."""
    wanted = tuple(dict.fromkeys(key for key in map(spelled, keys) if key))
    others = {
        other: tuple(key for key in theirs if key not in wanted)
        for other, theirs in held(changed).items()
        if other != id and (other in changed or set(theirs) & set(wanted))
    }
    usual = {other: tuple(map(spelled, actions.table[other].shortcut)) for other in actions.table}
    # What this version does not know is left for the one that does.
    strange = {other: theirs for other, theirs in changed.items() if other not in actions.table}
    made = {**others, id: wanted}
    return {**strange, **{each: k for each, k in made.items() if k != usual[each]}}


def bind(made: dict[str, QAction], changed: Changed) -> None:
    """Have every command listen to its keys."""
    for id, keys in held(changed).items():
        wanted = [QKeySequence(key) for key in keys]
        if made[id].shortcuts() != wanted:  # a menu lays itself out anew for each that is set
            made[id].setShortcuts(wanted)
