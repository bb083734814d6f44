"""The commands that compare many trainings, in the Train menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

COMPARE = N_("Compare trainin&gs")


def _show(window: Window, preset: str) -> None:
    from bpstudio.ui.dialogs.sweep import show

    show(window, preset)


@action(
    N_("Capacit&y and λ…"),
    menu="Train",
    help=N_("3, 6 and 20 hidden units against four penalties, as a grid of decision boundaries"),
    group=3,
    under=COMPARE,
)
def compare_capacity(window: Window) -> None:
    """The lecture's pictures of capacity and regularisation."""
    _show(window, "capacity")


@action(
    N_("&XOR from 100 starts…"),
    menu="Train",
    help=N_("How many of 100 random starts learn XOR with 1, 2, 3, 4 and 8 units"),
    group=3,
    under=COMPARE,
)
def compare_starts(window: Window) -> None:
    """How much of learning XOR is luck."""
    _show(window, "starts")


@action(
    N_("This pro&ject…"),
    menu="Train",
    help=N_("Train this network with other settings and other starts, and compare"),
    when=lambda window: window.studio.can_train,
    group=3,
    under=COMPARE,
)
def compare_own(window: Window) -> None:
    """Variants of the person's own network."""
    _show(window, "own")


@action(
    N_("&Go on with what was cut off"),
    menu="Train",
    help=N_("Finish a comparison of trainings that was under way when the studio was ended"),
    when=lambda window: bool(window.cut_off),
    group=3,
    under=COMPARE,
)
def compare_cut_off(window: Window) -> None:
    """Nothing that is done already is done again."""
    from bpstudio.ui.dialogs.sweep import show

    show(window).go_on_with(window.cut_off.pop(0))
