"""The part of the Edit menu that puts things in order: boxes, notes, lines, and what is frozen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bpstudio.language import N_, _
from bpstudio.project import align, boxing, edits, freezing
from bpstudio.ui import openings
from bpstudio.ui.actions import action
from bpstudio.ui.canvas.menu import ALIGN, COLOUR
from bpstudio.ui.commands.edit import some_selected

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

BOX = N_("Box")
"""A menu within the Edit menu."""


def _in_box(window: Window) -> bool:
    return bool(openings.box_at_hand(window.studio))


def _in_any_box(window: Window) -> bool:
    return openings.boxed(window.studio)


def _several(count: int) -> Callable[[Window], bool]:
    return lambda window: len(window.studio.chosen) >= count


@action(
    N_("Group into a box"),
    menu="Edit",
    under=BOX,
    shortcut=("Ctrl+G",),
    help=N_("Put a named box around what is selected"),
    when=some_selected,
    group=5,
)
def group(window: Window) -> None:
    """Put a box around the selected nodes and notes, and ask for its title."""
    studio = window.studio
    before = studio.project.boxes.keys()
    if studio.do(_("Group into a box"), boxing.group, window.canvas.chosen_whole):
        (new,) = studio.project.boxes.keys() - before
        window.canvas.edit_box(new)


@action(
    N_("Fold or open the box"),
    menu="Edit",
    under=BOX,
    shortcut=("Ctrl+.",),
    help=N_("Fold a box into one thing, or open it again"),
    when=_in_box,
    group=5,
)
def fold_box(window: Window) -> None:
    """Fold the box in which the selected nodes lie, or open it."""
    openings.toggle(window.studio, openings.box_at_hand(window.studio))


@action(
    N_("Rename the box…"),
    menu="Edit",
    under=BOX,
    help=N_("Type another title for the box"),
    when=_in_box,
    group=5,
)
def rename_box(window: Window) -> None:
    """Type another title for the box in which the selected nodes lie."""
    window.canvas.edit_box(openings.box_at_hand(window.studio))


@action(
    N_("Take out of the box"),
    menu="Edit",
    under=BOX,
    help=N_("Let the selected nodes and notes lie in no box"),
    when=_in_any_box,
    group=5,
)
def take_out_of_box(window: Window) -> None:
    """Take the selected nodes and notes out of their boxes."""
    words = _("Take out of the box")
    window.studio.do(words, boxing.take_out, window.canvas.chosen_whole)


@action(
    N_("Dissolve the box"),
    menu="Edit",
    under=BOX,
    shortcut=("Ctrl+U",),
    help=N_("Take the box away; what it holds stays"),
    when=_in_box,
    group=5,
)
def dissolve_box(window: Window) -> None:
    """Take the box away in which the selected nodes lie."""
    box = openings.box_at_hand(window.studio)
    window.studio.do(_("Dissolve the box"), boxing.dissolve, box)


def _has_colour(colour: str) -> Callable[[Window], bool]:
    def has(window: Window) -> bool:
        box = window.studio.project.boxes.get(openings.box_at_hand(window.studio))
        return box is not None and box.colour == colour

    return has


def _paint(window: Window, colour: str) -> None:
    box = openings.box_at_hand(window.studio)
    window.studio.do(_("Colour of the box"), boxing.colour_box, box, colour)


@action(
    N_("Grey"),
    menu="Edit",
    under=COLOUR,
    when=_in_box,
    checked=_has_colour("grey"),
    group=5,
)
def box_grey(window: Window) -> None:
    """Give the box this colour."""
    _paint(window, "grey")


@action(
    N_("Teal"),
    menu="Edit",
    under=COLOUR,
    when=_in_box,
    checked=_has_colour("teal"),
    group=5,
)
def box_teal(window: Window) -> None:
    """Give the box this colour."""
    _paint(window, "teal")


@action(
    N_("Yellow"),
    menu="Edit",
    under=COLOUR,
    when=_in_box,
    checked=_has_colour("yellow"),
    group=5,
)
def box_yellow(window: Window) -> None:
    """Give the box this colour."""
    _paint(window, "yellow")


@action(
    N_("Pink"),
    menu="Edit",
    under=COLOUR,
    when=_in_box,
    checked=_has_colour("pink"),
    group=5,
)
def box_pink(window: Window) -> None:
    """Give the box this colour."""
    _paint(window, "pink")


@action(
    N_("Sky blue"),
    menu="Edit",
    under=COLOUR,
    when=_in_box,
    checked=_has_colour("sky"),
    group=5,
)
def box_sky(window: Window) -> None:
    """Give the box this colour."""
    _paint(window, "sky")


@action(
    N_("Add a note…"),
    menu="Edit",
    shortcut=("Ctrl+Shift+A",),
    help=N_("Write a note on the canvas"),
    group=5,
)
def add_note(window: Window) -> None:
    """Write a note in the middle of the canvas."""
    window.canvas.write_note()


@action(
    N_("Freeze"),
    menu="Edit",
    shortcut=("Ctrl+Shift+I",),
    help=N_("Training leaves the weights of frozen nodes as they are"),
    when=lambda window: bool(freezing.trained(window.studio.project, window.canvas.chosen_whole)),
    checked=lambda window: freezing.are_frozen(window.studio.project, window.canvas.chosen_whole),
    group=5,
)
def freeze(window: Window) -> None:
    """Freeze the selected nodes, or let training change them again."""
    studio, ids = window.studio, window.canvas.chosen_whole
    thaw = freezing.are_frozen(studio.project, ids)
    studio.do(_("Unfreeze") if thaw else _("Freeze"), freezing.freeze, ids, not thaw)


def _align(window: Window, how: str, name: str) -> None:
    places = window.canvas.aligned(how)
    if places:
        window.studio.do(name, edits.move, places)


@action(
    N_("Left edges"),
    menu="Edit",
    under=ALIGN,
    help=N_("Align left"),
    when=_several(2),
    group=5,
)
def align_left(window: Window) -> None:
    """Align left what is selected."""
    _align(window, align.LEFT, _("Align left"))


@action(
    N_("Centres, one above the other"),
    menu="Edit",
    under=ALIGN,
    help=N_("Align centres"),
    when=_several(2),
    group=5,
)
def align_centres(window: Window) -> None:
    """Align centres what is selected."""
    _align(window, align.CENTRE, _("Align centres"))


@action(
    N_("Right edges"),
    menu="Edit",
    under=ALIGN,
    help=N_("Align right"),
    when=_several(2),
    group=5,
)
def align_right(window: Window) -> None:
    """Align right what is selected."""
    _align(window, align.RIGHT, _("Align right"))


@action(
    N_("Top edges"),
    menu="Edit",
    under=ALIGN,
    help=N_("Align top"),
    when=_several(2),
    group=5,
)
def align_top(window: Window) -> None:
    """Align top what is selected."""
    _align(window, align.TOP, _("Align top"))


@action(
    N_("Middles, side by side"),
    menu="Edit",
    under=ALIGN,
    help=N_("Align middles"),
    when=_several(2),
    group=5,
)
def align_middles(window: Window) -> None:
    """Align middles what is selected."""
    _align(window, align.MIDDLE, _("Align middles"))


@action(
    N_("Bottom edges"),
    menu="Edit",
    under=ALIGN,
    help=N_("Align bottom"),
    when=_several(2),
    group=5,
)
def align_bottom(window: Window) -> None:
    """Align bottom what is selected."""
    _align(window, align.BOTTOM, _("Align bottom"))


@action(
    N_("Even gaps from left to right"),
    menu="Edit",
    under=ALIGN,
    help=N_("Distribute across"),
    when=_several(3),
    group=5,
)
def distribute_across(window: Window) -> None:
    """Distribute across what is selected."""
    _align(window, align.ACROSS, _("Distribute across"))


@action(
    N_("Even gaps from top to bottom"),
    menu="Edit",
    under=ALIGN,
    help=N_("Distribute down"),
    when=_several(3),
    group=5,
)
def distribute_down(window: Window) -> None:
    """Distribute down what is selected."""
    _align(window, align.DOWN, _("Distribute down"))
