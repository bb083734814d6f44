"""The Play menu: forward, backward and update, one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_, _
from bpstudio.playback.timeline import (
    BACKWARD,
    CLEAR,
    FORWARD,
    GATE,
    ITERATION,
    LAYER,
    PHASE,
    UPDATE,
)
from bpstudio.playback.why import Question
from bpstudio.ui.actions import action
from bpstudio.ui.asking import about
from bpstudio.ui.showing import rows_to_choose

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
    N_("&Clear gradients"),
    menu="Play",
    help=N_("Show how the gradients of the step before are set back to 0"),
    when=lambda window: window.studio.has_phase(CLEAR),
    group=1,
)
def clear_phase(window: Window) -> None:
    """To where the gradients are cleared."""
    window.studio.show_phase(CLEAR)


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


@action(
    N_("Next &iteration"),
    menu="Play",
    help=N_("Train one step, then show the iteration after it from its beginning"),
    when=lambda window: window.studio.can_train and not window.studio.shown.training,
    group=1,
)
def next_iteration(window: Window) -> None:
    """One training step, and the timeline of the next."""
    window.studio.next_iteration()


@action(
    N_("Steps by &gate"),
    menu="Play",
    checked=lambda window: window.studio.shown.unit == GATE,
    group=2,
)
def by_gate(window: Window) -> None:
    """A step is one gate."""
    window.studio.step_by(GATE)


@action(
    N_("Steps by &layer"),
    menu="Play",
    checked=lambda window: window.studio.shown.unit == LAYER,
    group=2,
)
def by_layer(window: Window) -> None:
    """A step is a layer with its activation, or all of what stands opened."""
    window.studio.step_by(LAYER)


@action(
    N_("Steps by p&hase"),
    menu="Play",
    checked=lambda window: window.studio.shown.unit == PHASE,
    group=2,
)
def by_phase(window: Window) -> None:
    """A step is the whole forward pass, the whole backward pass, or the whole update."""
    window.studio.step_by(PHASE)


@action(
    N_("Steps by i&teration"),
    menu="Play",
    checked=lambda window: window.studio.shown.unit == ITERATION,
    group=2,
)
def by_iteration(window: Window) -> None:
    """A step is a whole iteration; beyond its end the network is trained one step."""
    window.studio.step_by(ITERATION)


def _has_rows(window: Window) -> bool:
    return bool(rows_to_choose(window.studio.shown.project))


@action(
    N_("Ne&xt example"),
    menu="Play",
    shortcut=("Alt+PgDown",),
    help=N_("Look at the next row of the data alone"),
    when=_has_rows,
    group=3,
)
def next_example(window: Window) -> None:
    """The next row alone."""
    window.studio.next_row(1)


@action(
    N_("Pre&vious example"),
    menu="Play",
    shortcut=("Alt+PgUp",),
    help=N_("Look at the row before alone"),
    when=_has_rows,
    group=3,
)
def previous_example(window: Window) -> None:
    """The row before alone."""
    window.studio.next_row(-1)


@action(
    N_("Whole b&atch"),
    menu="Play",
    help=N_("Look at all rows of the batch again"),
    when=_has_rows,
    group=3,
)
def whole_batch(window: Window) -> None:
    """All rows of the batch."""
    window.studio.show_row(None)


def _question(window: Window) -> Question | None:
    studio = window.studio
    return about(studio.shown, window.canvas.wire, studio.selection)


@action(
    N_("Wh&y is this gradient so?"),
    menu="Play",
    shortcut=("F7",),
    help=N_("The paths from the loss to the selected wire or gate, with their products and sum"),
    when=_runs,
    group=4,
)
def why(window: Window) -> None:
    """Ask about the selected wire or node, or about where playback is."""
    question = _question(window)
    if question is None:
        window.studio.notice(
            _("No gradient has come there yet. Choose a wire or a gate behind the pass back.")
        )
    else:
        window.studio.ask(question)
