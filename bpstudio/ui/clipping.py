"""Copying, pasting, duplicating and taking out: each one edit, with what is new selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec

from PySide6.QtGui import QGuiApplication

from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.playback.scene import room_taken
from bpstudio.project import clipboard, edits
from bpstudio.project.project import Project
from bpstudio.ui.studio import Studio

Words = ParamSpec("Words")


def copy(studio: Studio, ids: Iterable[str]) -> bool:
    """Put these nodes and notes on the clipboard, as text; whether that was possible."""
    try:
        text = clipboard.text_of(studio.project, ids)
    except StudioError as error:
        studio.complain(error)
        return False
    QGuiApplication.clipboard().setText(text)
    return True


def holds_table() -> bool:
    """Whether the clipboard has rows of cells, as a spreadsheet copies them."""
    from bpstudio.data.delimited import is_table  # seldom asked, and never before the first paint

    text = QGuiApplication.clipboard().text()
    return not clipboard.is_copied(text) and is_table(text)


def paste(studio: Studio, place: tuple[float, float] | None = None) -> bool:
    """Put in what the clipboard holds, with its middle at that place of the canvas."""
    text = QGuiApplication.clipboard().text()
    if not text.strip():
        studio.notice(_("There is nothing to paste. Copy some nodes or a formula first."))
        return False
    return _do(studio, _("Paste"), clipboard.paste, text, place, measure=room_taken)


def duplicate(studio: Studio, ids: Iterable[str]) -> bool:
    """Put a copy of these nodes and notes beside them."""
    return _do(studio, _("Duplicate"), clipboard.duplicate, frozenset(ids))


def remove(studio: Studio, ids: Iterable[str]) -> bool:
    """Remove these nodes and notes, which are on the clipboard now."""
    return studio.do(_("Cut"), edits.remove_nodes, frozenset(ids))


def heal(studio: Studio, ids: frozenset[str]) -> bool:
    """Take these nodes out of their wire, whose ends are joined."""
    nodes = sorted(ids - studio.project.notes.keys())
    return studio.do(_("Take out of its wire"), edits.heal, *nodes)


def _do(
    studio: Studio,
    name: str,
    edit: Callable[Concatenate[Project, Words], Project],
    *arguments: Words.args,
    **named: Words.kwargs,
) -> bool:
    """Make the edit, and select the nodes and notes that came with it."""
    before = {*studio.project.graph.nodes, *studio.project.notes}
    if not studio.do(name, edit, *arguments, **named):
        return False
    studio.select({*studio.project.graph.nodes, *studio.project.notes} - before)
    return True
