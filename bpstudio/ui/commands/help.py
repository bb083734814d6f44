"""The Help menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


@action(N_("&Keyboard"), menu="Help", shortcut=("Ctrl+/",), icon="keyboard")
def shortcut_sheet(window: Window) -> None:
    """All shortcuts on one sheet."""
    from bpstudio.ui.dialogs import keys  # opened seldom, and the window begins sooner without

    keys.show(window)


@action(N_("&About"), menu="Help", icon="info-circle")
def about_studio(window: Window) -> None:
    """What this is, its version, and whose work it rests on."""
    from bpstudio.ui.dialogs import about

    about.show(window)
