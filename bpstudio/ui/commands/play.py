"""The Play menu: forward, backward and update, one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.playback.timeline import BACKWARD, FORWARD, UPDATE
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def _runs(window: Window) -> bool:
    return window.studio.shown.length > 0


@action(
    N_("&Play or pause"),
    menu="Play",
    shortcut=("F5",),
    icon="player-play",
    help=N_("Play the pass through the network, or pause it"),
    when=_runs,
)
def play(window: Window) -> None:
    """Play from here, or stop where it is."""
    studio = window.studio
    if studio.shown.playing:
        studio.stop()
    else:
        studio.play()


@action(N_("Step &on"), menu="Play", shortcut=("F8",), icon="player-track-next", when=_runs)
def step_on(window: Window) -> None:
    """One gate further."""
    window.studio.step(1)


@action(
    N_("Step &back"),
    menu="Play",
    shortcut=("Shift+F8", "Ctrl+B"),
    icon="player-track-prev",
    when=_runs,
)
def step_back(window: Window) -> None:
    """One gate back."""
    window.studio.step(-1)


@action(
    N_("To the &start"), menu="Play", shortcut=("Ctrl+Home",), icon="player-skip-back", when=_runs
)
def to_start(window: Window) -> None:
    """Before the first gate."""
    window.studio.show_position(0.0)


@action(
    N_("To the &end"), menu="Play", shortcut=("Ctrl+End",), icon="player-skip-forward", when=_runs
)
def to_end(window: Window) -> None:
    """After the last step."""
    window.studio.show_position(float(window.studio.shown.length))


@action(
    N_("&Forward pass"),
    menu="Play",
    help=N_("Show the values: the beginning of the forward pass"),
    when=_runs,
    group=1,
)
def forward_pass(window: Window) -> None:
    """To where the forward pass begins."""
    window.studio.show_phase(FORWARD)


@action(
    N_("Back&ward pass"),
    menu="Play",
    help=N_("Show the gradients: the beginning of the backward pass"),
    when=_runs,
    group=1,
)
def backward_pass(window: Window) -> None:
    """To where the backward pass begins."""
    window.studio.show_phase(BACKWARD)


@action(
    N_("&Update"),
    menu="Play",
    help=N_("Show how the weights change: the beginning of the update"),
    when=lambda window: window.studio.has_phase(UPDATE),
    group=1,
)
def update_phase(window: Window) -> None:
    """To where the update begins."""
    window.studio.show_phase(UPDATE)
