"""Opening gates and boxes, closing, folding and fusing them: each one edit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec

from bpstudio.language import _
from bpstudio.project import boxes, boxing, opening
from bpstudio.project.project import Project
from bpstudio.ui.studio import Studio

Words = ParamSpec("Words")


def level_of(studio: Studio, level: str = "") -> str | None:
    """How far the one selected node can be opened: that far, or the least; None if it can't."""
    if len(studio.selection) != 1:
        return None
    (id,) = studio.selection
    if id not in studio.project.graph.nodes:
        return None
    known = opening.levels(studio.project, id)
    if level:
        return level if level in known else None
    return known[0] if known else None


def in_opened(studio: Studio) -> bool:
    """Whether a selected node lies in a gate that stands opened."""
    groups = studio.project.groups.values()
    return any(not studio.selection.isdisjoint(group.members) for group in groups)


def open_node(studio: Studio, id: str, level: str = "") -> bool:
    """Open a node, the least without a level; its parts are then selected."""
    return _do(studio, _("Open up"), opening.unfold, id, level)


def close(studio: Studio, ids: Iterable[str]) -> bool:
    """Close the opened gates of these ids, or those in which these nodes lie."""
    groups = studio.project.groups
    known = {member for group in groups.values() for member in group.members} | groups.keys()
    return _do(studio, _("Close again"), opening.fold, [id for id in ids if id in known])


def box_filled(studio: Studio) -> str:
    """The box whose nodes and notes are just those that are selected, the outermost; else none."""
    chosen, known = studio.chosen, studio.project.boxes
    if not known or not chosen:
        return ""
    filled = [id for id in known if chosen == frozenset(boxes.contents(known, id))]
    return min(filled, key=lambda id: len(boxes.around(known, id)), default="")


def box_at_hand(studio: Studio) -> str:
    """The box that is selected, else the innermost one that holds all that is selected."""
    filled = box_filled(studio)
    if filled or not studio.project.boxes:
        return filled
    chains = [boxes.around(studio.project.boxes, id) for id in studio.chosen]
    common = [id for id in chains[0] if all(id in chain for chain in chains)] if chains else []
    return common[0] if common else ""


def boxed(studio: Studio) -> bool:
    """Whether something that is selected lies in a box."""
    known = studio.project.boxes
    return bool(known) and any(boxes.around(known, id) for id in studio.chosen)


def toggle(studio: Studio, id: str) -> bool:
    """Close the opened gate of that id, or fold or open the box of that id."""
    box = studio.project.boxes.get(id)
    if box is None:
        return close(studio, [id])
    words = _("Open the box") if box.folded else _("Fold the box")
    return studio.do(words, boxing.fold_boxes, [id], not box.folded)


def fuse(studio: Studio, ids: Iterable[str]) -> bool:
    """Put the one gate that does the same in the place of these nodes."""
    return _do(studio, _("Fuse"), opening.fuse, frozenset(ids))


def _do(
    studio: Studio,
    name: str,
    edit: Callable[Concatenate[Project, Words], Project],
    *arguments: Words.args,
    **named: Words.kwargs,
) -> bool:
    """Make the edit, and select the nodes that came with it."""
    before = studio.project.graph.nodes.keys()
    if not studio.do(name, edit, *arguments, **named):
        return False
    studio.select(studio.project.graph.nodes.keys() - before)
    return True
