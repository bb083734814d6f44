"""The Train menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def _can_train(window: Window) -> bool:
    return window.studio.can_train


@action(
    N_("&Train or pause"),
    menu="Train",
    shortcut=("Ctrl+T",),
    icon="bolt",
    help=N_("Train until you pause"),
    when=_can_train,
)
def train(window: Window) -> None:
    """Start training, or pause it."""
    studio = window.studio
    if studio.shown.training:
        studio.pause()
    else:
        studio.train()


@action(
    N_("&One step"),
    menu="Train",
    shortcut=("Ctrl+Shift+T",),
    help=N_("One training step: forward, backward, update"),
    when=_can_train,
)
def train_step(window: Window) -> None:
    """Train one step."""
    window.studio.train(steps=1)


@action(
    N_("One &epoch"),
    menu="Train",
    shortcut=("F9",),
    help=N_("Train until every row of the data was seen once"),
    when=_can_train,
)
def train_epoch(window: Window) -> None:
    """Train one epoch."""
    window.studio.train(steps=window.studio.steps_per_epoch)


@action(
    N_("&Reset"),
    menu="Train",
    shortcut=("Shift+F5",),
    icon="restore",
    help=N_("Back to the start: the same seed gives the same weights"),
    when=_can_train,
    group=1,
)
def reset(window: Window) -> None:
    """The same start again."""
    window.studio.reset_training()


@action(
    N_("&New weights"),
    menu="Train",
    icon="dice-5",
    help=N_("Draw other starting weights, from the next seed"),
    when=_can_train,
    group=1,
)
def new_weights(window: Window) -> None:
    """Another start."""
    window.studio.draw_new_weights()
