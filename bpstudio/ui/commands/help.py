"""The Help menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action
from bpstudio.ui.dialogs import about as about_dialog
from bpstudio.ui.dialogs import keys as keys_dialog

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


@action(N_("&Keyboard"), menu="Help", shortcut=("Ctrl+/",), icon="keyboard")
def shortcut_sheet(window: Window) -> None:
    """All shortcuts on one sheet."""
    keys_dialog.show(window)


@action(N_("&About"), menu="Help", icon="info-circle")
def about_studio(window: Window) -> None:
    """What this is, its version, and whose work it rests on."""
    about_dialog.show(window)
