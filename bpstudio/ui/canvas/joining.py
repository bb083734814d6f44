"""Wires without a mouse: what a node could feed, what could feed it, and which wires it has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from bpstudio.language import _, everywhere
from bpstudio.playback.bodies import Body
from bpstudio.playback.timeline import Wire
from bpstudio.project import edits, fitting
from bpstudio.project.project import Project
from bpstudio.ui import finding
from bpstudio.ui.canvas import quick_search
from bpstudio.ui.canvas.hit import Output
from bpstudio.ui.canvas.search_box import Offer, SearchBox
from bpstudio.ui.canvas.view import Point

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

MOST = 60
"""So many ports are listed at most; a word or two find any other."""


class End(NamedTuple):
    """A wire that could be: from a node to a port; `fed` is the node that feeds it now."""

    source: str
    target: str
    port: str
    fed: str = ""


def connecting(canvas: Canvas, id: str, place: Point) -> SearchBox:
    """A box that connects a node: to an open port, to a new gate at that place, to a port that is
    fed already; or an open port of its own to what could feed it."""
    body = canvas.scene.bodies[id]

    def offers(text: str) -> list[Offer]:
        project = canvas.studio.project
        ends = [end for end in _ends(canvas, body) if _is_meant(project, body, end, text)]
        rows = [(end, _connect(canvas, body, end)) for end in islice(ends, MOST)]
        where = Output(body.last.id)
        fit = quick_search.fitting_entries(project, text, where) if _gives(canvas, body) else []
        gates = [quick_search.gate_offer(canvas, entry, place, where) for entry in fit]
        found = [
            *(row for end, row in rows if row.take is not None and not end.fed),
            *(row for end, row in rows if row.take is not None and end.fed),
            *gates,
            *(row for _end, row in rows if row.take is None),
        ]
        return found or [Offer(_("Nothing that fits is called so."))]

    asked = _("Connect {node} to…").format(node=body.last.label)
    return SearchBox(canvas, asked, offers)


def choosing_wire(canvas: Canvas, id: str) -> SearchBox:
    """A box with the wires of a node; the one that is taken is then the selected wire."""
    body = canvas.scene.bodies[id]

    def offers(text: str) -> list[Offer]:
        project = canvas.studio.project
        wires = [
            (wire, project.graph[wire[0]].sources[wire[1]][wire[2]])
            for wire in canvas.scene.by_wire
        ]
        rows = [
            Offer(_wire_words(project, source, wire), partial(canvas.select_wire, wire))
            for wire, source in wires
            if source in body.ids or wire[0] in body.ids
        ]
        wanted = text.split()
        found = [row for row in rows if finding.rank((row.text,), (), wanted) is not None]
        return found or [Offer(_("No wire of {node} is called so.").format(node=body.node.label))]

    return SearchBox(canvas, _("Wires of {node}").format(node=body.node.label), offers)


def _ends(canvas: Canvas, body: Body) -> Iterator[End]:
    """What the body could feed, in the order of the run beginning behind it, then what could feed
    its own open ports, the nearest before it first."""
    each = canvas.scene.each
    here = next((i for i, other in enumerate(each) if other is body), 0)
    others = [*each[here + 1 :], *each[:here]]
    if _gives(canvas, body):
        for other in others:
            for port, slot in other.inputs():
                fed = other.node.sources.get(port, ())
                yield End(body.last.id, other.node.id, port, fed[slot] if slot < len(fed) else "")
    for port, slot in body.inputs():
        if slot >= len(body.node.sources.get(port, ())):
            for other in reversed(others):
                if _gives(canvas, other):
                    yield End(other.last.id, body.node.id, port)


def _connect(canvas: Canvas, body: Body, end: End) -> Offer:
    project = canvas.studio.project
    source, target = project.graph[end.source].label, project.graph[end.target].label
    objection = fitting.objection(project, end.source, end.target, end.port)
    if end.source == body.last.id:
        text = _("To {node}, port {port}").format(node=target, port=end.port)
    else:
        text = _("From {node} into port {port}").format(node=source, port=end.port)
    if objection is not None:
        return Offer(text, more=str(objection))
    taken = _("in place of {node}").format(node=project.graph[end.fed].label) if end.fed else ""
    return Offer(text, partial(_do, canvas, end), more=taken)


def _do(canvas: Canvas, end: End) -> None:
    canvas.studio.do(_("Connect"), edits.connect, end.source, end.target, end.port)


def _gives(canvas: Canvas, body: Body) -> bool:
    return canvas.targets.gives(body)


def _is_meant(project: Project, body: Body, end: End, text: str) -> bool:
    """Whether what was typed is the other node, by its name or its gate's, or the port."""
    other = project.graph[end.target if end.source == body.last.id else end.source]
    names = (other.label, other.id, *everywhere(other.op.title))
    return finding.rank(names, (end.port,), text.split()) is not None


def _wire_words(project: Project, source: str, wire: Wire) -> str:
    return _("{source} to {target}, port {port}").format(
        source=project.graph[source].label, target=project.graph[wire[0]].label, port=wire[1]
    )
