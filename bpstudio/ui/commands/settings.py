"""The end of the Edit menu: what a person chooses for the studio itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


@action(
    N_("&Settings…"),
    menu="Edit",
    shortcut=("Ctrl+,",),
    icon="settings",
    help=N_("Colours, language, size of type, motion, decimals and keys"),
    group=6,
)
def settings(window: Window) -> None:
    """One dialog for all of it; everything can be seen as it is chosen."""
    from bpstudio.ui.dialogs.settings import show

    show(window)
