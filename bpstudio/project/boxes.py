"""Boxes and notes: what a person draws around nodes, and what they write beside them.

An open box is a coloured frame behind its members; a folded one stands in their place. Neither
changes what the network computes. The ids of boxes and notes hold a hyphen, as in `box-1`, which
no node's id can.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bpstudio.language import N_
from bpstudio.project.container import refusal
from bpstudio.project.limits import checked_name, checked_note

COLOURS = ("grey", "teal", "yellow", "pink", "sky")
"""The colours that a box may have; one that a file names besides is kept, and drawn grey."""

_ID = re.compile(r"(box|note)-[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Box:
    """A named box around `members`: ids of nodes, of notes, and of boxes within it.

    Folded it is drawn as one thing, whose ports are those that cross its border.
    """

    id: str
    members: tuple[str, ...]
    title: str = ""
    folded: bool = False
    colour: str = COLOURS[0]

    @property
    def label(self) -> str:
        """What people call it: the title they gave, else the id."""
        return self.title or self.id


@dataclass(frozen=True)
class Note:
    """A text on the canvas, over several lines; `place` is its left upper corner."""

    id: str
    text: str
    place: tuple[float, float] = (0.0, 0.0)


Boxes = Mapping[str, Box]


def contents(boxes: Boxes, id: str) -> Iterator[str]:
    """The nodes and notes in a box, those in boxes within it too."""
    for member in boxes[id].members:
        if member in boxes:
            yield from contents(boxes, member)
        else:
            yield member


def around(boxes: Boxes, id: str) -> tuple[str, ...]:
    """The boxes that a node, a note or a box lies in, the innermost first."""
    holder = {member: box.id for box in boxes.values() for member in box.members}
    found = []
    while id in holder:
        id = holder[id]
        found.append(id)
    return tuple(found)


def folded_in(boxes: Boxes) -> dict[str, str]:
    """For each node and note that is not seen the folded box that stands for it, the outermost."""
    if not any(box.folded for box in boxes.values()):
        return {}
    inner = {member for box in boxes.values() for member in box.members}
    hidden: dict[str, str] = {}
    waiting = [id for id in boxes if id not in inner]
    while waiting:
        box = boxes[waiting.pop()]
        if box.folded:
            hidden |= dict.fromkeys(contents(boxes, box.id), box.id)
        else:
            waiting += [member for member in box.members if member in boxes]
    return hidden


def covered(boxes: Boxes, ids: Collection[str]) -> dict[str, Box]:
    """The boxes whose nodes and notes are all among these."""
    return {
        id: box for id, box in boxes.items() if all(each in ids for each in contents(boxes, id))
    }


def units(boxes: Boxes, ids: Collection[str]) -> list[str]:
    """What goes about as one when these nodes and notes do: the boxes that they fill, only the
    outermost, and after them what lies in none of those."""
    filled = covered(boxes, ids)
    within = {member for box in filled.values() for member in box.members}
    return [id for id in (*filled, *ids) if id not in within]


def holder(boxes: Boxes, id: str) -> str:
    """The box that a node, a note or a box lies in; empty for none."""
    return next(iter(around(boxes, id)), "")


def housed(boxes: Boxes, ids: Collection[str], id: str) -> dict[str, Box]:
    """The boxes with these nodes and notes in the box of that id, or with an empty one in none.

    A box that they fill goes along as it is; where that is the very box, all stays.
    """
    going = units(boxes, ids)
    if id and not {id, *around(boxes, id)}.isdisjoint(going):
        return dict(boxes)
    left = without(boxes, going)
    if id:
        left[id] = replace(left[id], members=(*left[id].members, *going))
    return left


def whole(boxes: Boxes, nodes: Collection[str], notes: Collection[str]) -> dict[str, Box]:
    """The boxes without the members that are gone, and without those that hold no node any more."""
    if not boxes:
        return {}
    kept = dict(boxes)
    while True:
        left = {
            id: tuple(m for m in box.members if m in nodes or m in notes or m in kept)
            for id, box in kept.items()
        }
        kept = {
            id: box if left[id] == box.members else replace(box, members=left[id])
            for id, box in kept.items()
        }
        empty = [id for id in kept if not any(each in nodes for each in contents(kept, id))]
        if not empty:
            return kept
        for id in empty:
            del kept[id]


def without(boxes: Boxes, ids: Collection[str]) -> dict[str, Box]:
    """The boxes with none of these as a member."""
    return {
        id: box
        if not any(member in ids for member in box.members)
        else replace(box, members=tuple(m for m in box.members if m not in ids))
        for id, box in boxes.items()
    }


def replaced(boxes: Boxes, gone: Collection[str], new: Iterable[str]) -> dict[str, Box]:
    """The boxes with some nodes in the place of others: in the innermost box that held them all."""
    if not boxes:
        return {}
    chains = [around(boxes, id) for id in gone]
    common = [id for id in chains[0] if all(id in chain for chain in chains)] if chains else []
    left = without(boxes, gone)
    if common:
        holder = left[common[0]]
        left[holder.id] = replace(holder, members=(*holder.members, *new))
    return left


def free_id(taken: Collection[str], stem: str) -> str:
    """An id for a new box or note: `box-1`, `note-1`."""
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def check_boxes(boxes: Boxes, notes: Mapping[str, Note], nodes: Collection[str]) -> None:
    """Raise FileError unless every box of a file is made of what there is, and lies in one other
    at most, and all texts can be shown."""
    for id, text in [(n.id, n.text) for n in notes.values()]:
        _check_id(id, "note", f"project.json.notes.{ascii(id)[1:-1]}"[:300])
        checked_note(text)
    holder: dict[str, str] = {}
    for id, box in boxes.items():
        place = f"project.json.boxes.{ascii(id)[1:-1]}"[:300]
        _check_id(id, "box", place)
        checked_name(box.title)
        checked_name(box.colour)
        for member in box.members:
            if member not in nodes and member not in notes and member not in boxes:
                raise refusal(place, N_("its member {member} does not exist."), member=member)
            if member in holder:
                raise refusal(place, N_("{member} lies in two boxes."), member=member)
            holder[member] = id
    for id in boxes:
        seen, outer = {id}, holder.get(id)
        while outer is not None:
            if outer in seen:
                raise refusal(f"project.json.boxes.{id}", N_("it lies in itself."))
            seen.add(outer)
            outer = holder.get(outer)


def _check_id(id: str, kind: str, place: str) -> None:
    match = _ID.fullmatch(id)
    if match is None or match[1] != kind:
        raise refusal(
            place,
            N_("{id} is no id for this. It should be as in {example}."),
            id=ascii(id),
            example=f"{kind}-1",
        )
