"""The Train menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_, _
from bpstudio.ui.actions import action
from bpstudio.ui.readout import grouped

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def _can_train(window: Window) -> bool:
    return window.studio.can_train


def _has_way(window: Window) -> bool:
    return bool(window.studio.past.way)


def _is_past(window: Window) -> bool:
    return window.studio.shown.past is not None


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
    window.studio.train_epoch()


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


@action(
    N_("Event &before"),
    menu="Train",
    shortcut=("Ctrl+PgUp",),
    help=N_("Back to what happened last in training before this step: a change, a jump, a mark"),
    when=_has_way,
    group=2,
)
def event_before(window: Window) -> None:
    """To the last event before this step."""
    window.studio.past.go_to_event(-1)


@action(
    N_("Event &after"),
    menu="Train",
    shortcut=("Ctrl+PgDown",),
    help=N_("On to what happened next in training after this step"),
    when=_has_way,
    group=2,
)
def event_after(window: Window) -> None:
    """To the next event after this step."""
    window.studio.past.go_to_event(1)


@action(
    N_("&Mark this step"),
    menu="Train",
    shortcut=("Ctrl+M",),
    icon="target",
    help=N_("Mark this step of the training to find it again, or take the mark away"),
    when=_has_way,
    group=2,
)
def mark_step(window: Window) -> None:
    """Mark the step that is shown."""
    window.studio.past.mark()


@action(
    N_("&Continue from here"),
    menu="Train",
    icon="git-branch",
    help=N_("Take these weights into the project; training then goes on from here as a new run"),
    when=_is_past,
    group=2,
)
def go_on_here(window: Window) -> None:
    """The moment that is shown becomes the project's."""
    studio = window.studio
    if studio.past.continue_here():
        text = _(
            "The network has the weights of step {step}. Training goes on from here as a run of "
            "its own; the longer one is kept under Runs."
        )
        studio.notice(text.format(step=grouped(studio.project.trained.steps)))


@action(
    N_("Back to the &present"),
    menu="Train",
    icon="player-skip-forward",
    help=N_("Show again what the project has now"),
    when=_is_past,
    group=2,
)
def to_present(window: Window) -> None:
    """What the project has now."""
    window.studio.past.leave()


@action(
    N_("&Data set…"),
    menu="Train",
    icon="database",
    help=N_("Choose what is learned: the set, its noise, points, split and seed, with a look"),
    group=2,
)
def data_set(window: Window) -> None:
    """Choose a data set and look at it."""
    from bpstudio.ui.dialogs import data

    data.show(window)
