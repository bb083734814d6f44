"""Edits of boxes and notes. None of them changes what the network computes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bpstudio.errors import GraphError, StudioError
from bpstudio.language import N_
from bpstudio.project import boxes
from bpstudio.project.boxes import COLOURS, Box, Note
from bpstudio.project.limits import checked_name, checked_note
from bpstudio.project.project import Project, complete

Place = tuple[float, float]


def group(project: Project, ids: Iterable[str], title: str = "", colour: str = "grey") -> Project:
    """A new box around these nodes and notes, and around the boxes that they fill.

    It lies in the innermost box that holds them all. What else they lay in they leave. Raises
    GraphError where there is no node among them.
    """
    chosen = {each for id in ids for each in _inside(project, id)}
    if chosen.isdisjoint(project.graph.nodes):
        raise GraphError(N_("A box holds nodes. Select some that belong together."))
    things = [*project.graph.nodes, *project.notes]
    members = boxes.units(project.boxes, [id for id in things if id in chosen])
    id = boxes.free_id(project.boxes, "box")
    made = boxes.replaced(project.boxes, members, (id,))
    return _with_boxes(
        project, {**made, id: Box(id, tuple(members), checked_name(title), colour=_colour(colour))}
    )


def dissolve(project: Project, id: str) -> Project:
    """The project without a box; what it held stays, in the box around it if there is one."""
    members = box_of(project, id).members
    left = {each: box for each, box in project.boxes.items() if each != id}
    return _with_boxes(project, _put_in_place(left, id, members))


def fold_boxes(project: Project, ids: Iterable[str], folded: bool = True) -> Project:
    """These boxes folded, or open; the boxes within stay as they are."""
    changed = {
        id: replace(box_of(project, id), folded=folded)
        for id in ids
        if box_of(project, id).folded != folded
    }
    return replace(project, boxes={**project.boxes, **changed}) if changed else project


def name_box(project: Project, id: str, title: str) -> Project:
    """Another title for a box; with an empty one it is called by its id again."""
    box = box_of(project, id)
    return _with_box(project, replace(box, title=checked_name(title)))


def colour_box(project: Project, id: str, colour: str) -> Project:
    """Another colour for a box, one of `COLOURS`."""
    return _with_box(project, replace(box_of(project, id), colour=_colour(colour)))


def put_into(project: Project, id: str, ids: Iterable[str]) -> Project:
    """These nodes and notes in a box; they leave the one in which they were."""
    box_of(project, id)
    new = [each for each in _things(project, ids) if each not in project.boxes[id].members]
    if not new:
        return project
    left = boxes.without(project.boxes, new)
    box = left[id]
    return _with_boxes(project, {**left, id: replace(box, members=(*box.members, *new))})


def house(project: Project, ids: Iterable[str], id: str) -> Project:
    """These nodes and notes in the box of that id, or with an empty one in none.

    A box that they fill goes along as it is. One that is left without a node is gone.
    """
    if id:
        box_of(project, id)
    new = boxes.housed(project.boxes, _things(project, ids), id)
    return project if new == project.boxes else _with_boxes(project, new)


def put_beside(project: Project, ids: Iterable[str], *beside: str) -> Project:
    """These nodes in the innermost box that the nodes beside them share, if they share one."""
    chains = [boxes.around(project.boxes, other) for other in beside]
    common = [box for box in chains[0] if all(box in chain for chain in chains)]
    return put_into(project, common[0], ids) if common else project


def take_out(project: Project, ids: Iterable[str]) -> Project:
    """These nodes and notes in no box any more. A box left without a node is gone."""
    chosen = _things(project, ids)
    if not any(boxes.around(project.boxes, id) for id in chosen):
        return project
    return _with_boxes(project, boxes.without(project.boxes, chosen))


def add_note(project: Project, text: str, place: Place) -> Project:
    """A new note with its left upper corner at `place`; its id is `new_note_id`."""
    id = new_note_id(project)
    note = Note(id, checked_note(text), checked_place(place))
    return replace(project, notes={**project.notes, id: note})


def new_note_id(project: Project) -> str:
    """The id that `add_note` gives."""
    return boxes.free_id(project.notes, "note")


def write_note(project: Project, id: str, text: str) -> Project:
    """Another text for a note; without any the note is gone."""
    note = note_of(project, id)
    if not text.strip():
        return remove_notes(project, [id])
    if note.text == text:
        return project
    return replace(project, notes={**project.notes, id: replace(note, text=checked_note(text))})


def remove_notes(project: Project, ids: Iterable[str]) -> Project:
    """The project without these notes."""
    gone = {note_of(project, id).id for id in ids}
    if not gone:
        return project
    left = {id: note for id, note in project.notes.items() if id not in gone}
    return complete(replace(project, notes=left))


def move_notes(project: Project, places: Mapping[str, Place]) -> Project:
    """These notes with their left upper corners at these places."""
    moved = {
        id: replace(note_of(project, id), place=checked_place(place))
        for id, place in places.items()
        if note_of(project, id).place != place
    }
    return replace(project, notes={**project.notes, **moved}) if moved else project


def box_of(project: Project, id: str) -> Box:
    """The box of that id; raises GraphError if there is none."""
    if id not in project.boxes:
        raise GraphError(N_("There is no box called {id}."), id=id)
    return project.boxes[id]


def note_of(project: Project, id: str) -> Note:
    """The note of that id; raises GraphError if there is none."""
    if id not in project.notes:
        raise GraphError(N_("There is no note called {id}."), id=id)
    return project.notes[id]


def checked_place(place: Place) -> Place:
    """The place itself; raises StudioError unless both numbers are finite."""
    x, y = map(float, place)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise StudioError(N_("A place on the canvas needs two finite numbers."))
    return x, y


def _inside(project: Project, id: str) -> Iterable[str]:
    if id in project.boxes:
        return boxes.contents(project.boxes, id)
    return (id,) if id in project.notes else (project.graph[id].id,)


def _things(project: Project, ids: Iterable[str]) -> list[str]:
    """The ids, each of which is a node or a note."""
    return [id if id in project.notes else project.graph[id].id for id in ids]


def _put_in_place(left: Mapping[str, Box], id: str, members: tuple[str, ...]) -> dict[str, Box]:
    """The boxes with these members where that box was one."""
    return {
        each: replace(
            box, members=tuple(m for old in box.members for m in (members if old == id else (old,)))
        )
        if id in box.members
        else box
        for each, box in left.items()
    }


def _with_box(project: Project, box: Box) -> Project:
    if box == project.boxes[box.id]:
        return project
    return replace(project, boxes={**project.boxes, box.id: box})


def _with_boxes(project: Project, new: Mapping[str, Box]) -> Project:
    return complete(replace(project, boxes=new))


def _colour(colour: str) -> str:
    if colour not in COLOURS:
        raise StudioError(
            N_("A box can't be {colour}. It can be: {names}."),
            colour=colour[:40],
            names=", ".join(COLOURS),
        )
    return colour
