"""Putting new nodes on the canvas: from the palette, the quick search, or a dropped wire."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from PySide6.QtCore import QMimeData

from bpstudio.engine.op import Kind, Op
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.scene import room_taken
from bpstudio.playback.timeline import Wire
from bpstudio.project import edits, gates, placing, wiring
from bpstudio.project.project import Project
from bpstudio.ui.canvas.hit import Input, Output, Strand
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.panels.entries import Entry

Joined: TypeAlias = tuple[str, Wire | None]
"""The node that feeds something new, or an empty name, and the wire that its result becomes."""

OP_TYPE, DATA_TYPE = "application/x-bpstudio-op", "application/x-bpstudio-data"
"""The mime types of what is dragged from the palette."""


def carries(mime: QMimeData) -> bool:
    """Whether something is dragged that can be put on the canvas."""
    return mime.hasFormat(OP_TYPE) or mime.hasFormat(DATA_TYPE)


def dragged(mime: QMimeData) -> Op | str:
    """The gate, or the name of the data set, that is dragged; StudioError if it is neither."""
    kind = OP_TYPE if mime.hasFormat(OP_TYPE) else DATA_TYPE
    try:
        content: Any = json.loads(bytes(mime.data(kind).data()))
        if kind == DATA_TYPE:
            return str(content["data"])
        return gates.gate(content["op"], content.get("settings"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StudioError(N_("What was dropped here is no gate and no data set.")) from None


def add_op(studio: Studio, op: Op, place: Point) -> None:
    """A new node, selected."""
    id = edits.new_id(studio.project, op)
    if studio.do(_words(op), edits.add_node, op, place):
        studio.select([id])


def add_into(studio: Studio, op: Op, place: Point, wire: Wire) -> None:
    """A new node in a wire, selected."""
    id = edits.new_id(studio.project, op)
    if studio.do(_words(op), edits.insert_node, op, place, *wire):
        studio.select([id])


def add_at(studio: Studio, op: Op, place: Point, port: Output | Input) -> None:
    """A new node behind an output or before an input, selected."""
    id = edits.new_id(studio.project, op)
    if isinstance(port, Output):
        done = studio.do(_words(op), wiring.add_behind, op, place, port.node)
    else:
        done = studio.do(_words(op), wiring.add_before, op, place, port.node, port.port)
    if done:
        studio.select([id])


def add_data(studio: Studio, name: str, place: Point) -> None:
    """A toy data set, with a node that reads it, selected if it is new."""
    from bpstudio.data import toys  # after the first paint

    try:
        data = toys.make(name)
    except StudioError as error:
        studio.complain(error)
        return
    before = studio.project.graph.nodes.keys()
    if studio.do(_("Data set"), placing.use_data, data, place):
        studio.select(studio.project.graph.nodes.keys() - before)


def add_formula(studio: Studio, text: str, place: Point, joined: Joined = ("", None)) -> bool:
    """The gates of a formula, selected; with the node and the port that they are connected to.
    Says whether there are any."""
    before, (source, end) = studio.project.graph.nodes.keys(), joined
    put = partial(placing.add_formula, source=source, end=end, measure=room_taken)
    if studio.do(_("Formula"), put, text, place):
        studio.select(studio.project.graph.nodes.keys() - before)
    return bool(studio.project.graph.nodes.keys() - before)


def ends_of(project: Project, where: Output | Input | Strand | None) -> Joined:
    """What a formula that is typed there would be connected to."""
    match where:
        case Output():
            return where.node, None
        case Input():
            return "", (where.node, where.port, where.slot)
        case Strand():
            target, port, slot = where.wire
            return project.graph[target].sources[port][slot], where.wire
    return "", None


def open_end(studio: Studio) -> Output | None:
    """The output of the one selected node, if it has one that feeds nothing yet."""
    if len(studio.selection) != 1:
        return None
    (id,) = studio.selection
    graph = studio.project.graph
    known = id in graph.nodes and not graph.readers.get(id) and graph[id].op.category != "loss"
    return Output(id) if known else None


def takes_one_input(entry: Entry) -> bool:
    """Whether it is clear which of its inputs a wire goes to."""
    return not entry.is_data and [p.kind for p in entry.op.ports].count(Kind.INPUT) == 1


def takes_input(entry: Entry) -> bool:
    """Whether something can feed what the entry stands for."""
    return not entry.is_data and any(port.kind is Kind.INPUT for port in entry.op.ports)


def gives_output(entry: Entry) -> bool:
    """Whether what the entry stands for can feed something."""
    return not entry.is_data and entry.op.category != "loss"


def _words(op: Op) -> str:
    return _("Add {gate}").format(gate=_(op.title))
