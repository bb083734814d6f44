"""Presenting, in the Lessons menu. Single keys count while presenting alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action, presents

if TYPE_CHECKING:
    from bpstudio.ui.presenting import Presenter
    from bpstudio.ui.window import Window

PRESENTER = N_("Presen&ter")


def _presenter(window: Window) -> Presenter:
    # With the panels that it needs it would delay the first paint.
    from bpstudio.ui.presenting import presenter_of

    return presenter_of(window)


@action(
    N_("&Present"),
    menu="Lessons",
    shortcut=("F12",),
    icon="presentation",
    help=N_("The network over the whole screen in large type, led by a clicker"),
    checked=presents,
    group=2,
    under=PRESENTER,
)
def present(window: Window) -> None:
    """Begin to present, or end it."""
    presenter = _presenter(window)
    if presenter.on:
        presenter.end()
    else:
        presenter.begin()


@action(N_("&End"), menu="Lessons", shortcut=("Esc",), when=presents, group=2, under=PRESENTER)
def stop_presenting(window: Window) -> None:
    """The window as it stood."""
    _presenter(window).end()


@action(
    N_("&Blank screen"),
    menu="Lessons",
    shortcut=("B", "."),
    help=N_("A dark screen until the key is pressed again"),
    when=presents,
    group=2,
    under=PRESENTER,
)
def blank_screen(window: Window) -> None:
    """Nothing to look at but the speaker."""
    _presenter(window).point("blank")


@action(N_("&Laser dot"), menu="Lessons", shortcut=("L",), when=presents, group=2, under=PRESENTER)
def laser_dot(window: Window) -> None:
    """A dot that can be seen from the back row."""
    _presenter(window).point("laser")


@action(N_("&Spotlight"), menu="Lessons", shortcut=("S",), when=presents, group=2, under=PRESENTER)
def spotlight(window: Window) -> None:
    """A circle of light around the pointer."""
    _presenter(window).point("spotlight")


@action(
    N_("&Whole network"),
    menu="Lessons",
    shortcut=("O",),
    when=presents,
    group=2,
    under=PRESENTER,
)
def present_whole(window: Window) -> None:
    """The whole network, or what happens from near."""
    _presenter(window).look_over()


@action(
    N_("Loc&k the network"),
    menu="Lessons",
    shortcut=("K",),
    help=N_("Only the lesson and the steps move; nothing can be changed by accident"),
    when=presents,
    checked=lambda window: bool(window.property("held")),
    group=2,
    under=PRESENTER,
)
def lock_network(window: Window) -> None:
    """Hold mouse and commands off, or let them through."""
    presenter = _presenter(window)
    presenter.lock(not presenter.locked)


@action(
    N_("&Reset"),
    menu="Lessons",
    shortcut=("R",),
    help=N_("The step of the lesson, or the network, exactly as it was at first"),
    when=presents,
    group=2,
    under=PRESENTER,
)
def present_reset(window: Window) -> None:
    """As it was at first."""
    _presenter(window).reset()


@action(
    N_("Prepare this s&tate"),
    menu="Lessons",
    shortcut=("M",),
    help=N_("Keep what is shown, to be called up again"),
    when=lambda window: presents(window) and window.studio.aside is None,
    group=2,
    under=PRESENTER,
)
def prepare_state(window: Window) -> None:
    """Keep what is shown."""
    _presenter(window).prepare()


@action(
    N_("&Call up a prepared state"),
    menu="Lessons",
    shortcut=("G",),
    when=lambda window: presents(window) and window.studio.aside is None,
    group=2,
    under=PRESENTER,
)
def call_up_state(window: Window) -> None:
    """The next of them."""
    _presenter(window).call_up()


@action(
    N_("Speaker's &notes"), menu="Lessons", shortcut=("N",), when=presents, group=2, under=PRESENTER
)
def speakers_notes(window: Window) -> None:
    """In a window of their own."""
    _presenter(window).show_notes()
