"""The View menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from bpstudio.language import N_
from bpstudio.ui import areas
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


@action(N_("Zoom &in"), menu="View", shortcut=("Ctrl+=", "Ctrl++"), icon="zoom-in")
def zoom_in(window: Window) -> None:
    """Draw the network larger."""
    window.canvas.zoom(1.25)


@action(N_("Zoom &out"), menu="View", shortcut=("Ctrl+-",), icon="zoom-out")
def zoom_out(window: Window) -> None:
    """Draw the network smaller."""
    window.canvas.zoom(0.8)


@action(N_("&Actual size"), menu="View", shortcut=("Ctrl+0",))
def actual_size(window: Window) -> None:
    """Draw the network at its own size."""
    window.canvas.zoom_to(1.0)


@action(N_("&Fit all"), menu="View", shortcut=("Ctrl+1",), icon="maximize")
def fit(window: Window) -> None:
    """Show the whole network."""
    window.canvas.fit()


@action(
    N_("Code"),
    menu="View",
    help=N_("The network as a script, with the lines of the present step lit"),
    checked=lambda window: _is_open(window, "code"),
    group=1,
)
def show_code(window: Window) -> None:
    """Open the code, or close it."""
    _toggle(window, "code")


@action(
    N_("Gradient check"),
    menu="View",
    help=N_("Check gradients, see the error against h, and race three ways to a gradient"),
    checked=lambda window: _is_open(window, "checking"),
    group=1,
)
def show_checking(window: Window) -> None:
    """Open the gradient check, or close it."""
    _toggle(window, "checking")


@action(
    N_("Training race"),
    menu="View",
    help=N_("The same training by backpropagation and by differences alone, side by side"),
    checked=lambda window: _is_open(window, "training_race"),
    group=1,
)
def show_training_race(window: Window) -> None:
    """Open the race of two trainings, or close it."""
    _toggle(window, "training_race")


@action(
    N_("&Minimap"),
    menu="View",
    help=N_("The whole network in a corner, where it does not fit"),
    checked=lambda window: window.studio.preferences.minimap,
    group=1,
)
def minimap(window: Window) -> None:
    """Show the whole network in small, or hide it."""
    window.studio.prefer(minimap=not window.studio.preferences.minimap)


@action(
    N_("&Light"),
    menu="View",
    icon="sun",
    checked=lambda window: window.studio.preferences.theme == "light",
    group=1,
)
def light(window: Window) -> None:
    """Dark on light."""
    window.studio.prefer(theme="light")


@action(
    N_("&Dark"),
    menu="View",
    icon="moon",
    checked=lambda window: window.studio.preferences.theme == "dark",
    group=1,
)
def dark(window: Window) -> None:
    """Light on dark."""
    window.studio.prefer(theme="dark")


@action(
    N_("&Projector"),
    menu="View",
    icon="presentation",
    help=N_("High contrast, thick wires and large type"),
    checked=lambda window: window.studio.preferences.theme == "projector",
    group=1,
)
def projector(window: Window) -> None:
    """For the back row of a classroom."""
    window.studio.prefer(theme="projector")


@action(
    N_("English"),
    menu="View",
    icon="language",
    checked=lambda window: window.studio.preferences.language == "en",
    group=2,
)
def english(window: Window) -> None:
    """Speak English."""
    window.studio.prefer(language="en")


@action(
    N_("한국어"),
    menu="View",
    checked=lambda window: window.studio.preferences.language == "ko",
    group=2,
)
def korean(window: Window) -> None:
    """Speak Korean."""
    window.studio.prefer(language="ko")


@action(
    N_("&Reduce motion"),
    menu="View",
    help=N_("Jump to the end of each step, without travelling pulses"),
    checked=lambda window: window.studio.preferences.reduce_motion,
    group=3,
)
def reduce_motion(window: Window) -> None:
    """Switch motion off or on."""
    window.studio.prefer(reduce_motion=not window.studio.preferences.reduce_motion)


@action(
    N_("F&ull screen"),
    menu="View",
    shortcut=("F11",),
    icon="arrows-maximize",
    checked=lambda window: bool(window.windowState() & Qt.WindowState.WindowFullScreen),
    group=3,
)
def full_screen(window: Window) -> None:
    """Use the whole screen, or stop doing so."""
    window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)


@action(
    N_("Ne&xt area"),
    menu="View",
    shortcut=("F6", "Ctrl+Tab"),
    help=N_("The keyboard to the next panel, bar, or the canvas"),
    group=4,
)
def next_area(window: Window) -> None:
    """Lead the keyboard on."""
    areas.go(window, 1)


@action(N_("Pre&vious area"), menu="View", shortcut=("Shift+F6", "Ctrl+Shift+Tab"), group=4)
def previous_area(window: Window) -> None:
    """Lead the keyboard back."""
    areas.go(window, -1)


def _is_open(window: Window, dock: str) -> bool:
    """Whether a panel is there, in front or behind others."""
    return not window.docks.by_name[dock].isHidden()


def _toggle(window: Window, dock: str) -> None:
    """Open a panel, or close it."""
    window.docks.by_name[dock].toggleViewAction().trigger()
