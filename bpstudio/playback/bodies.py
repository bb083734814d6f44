"""What each node looks like: its kind, its size, and where its parts are.

A gate is a circle with its symbol, a source a box with its name, a layer a tall box with a small
picture of what each neuron computes; an activation that follows a layer docks to it and is drawn
as part of it. Sizes are in canvas units and do not depend on where a node stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Kind, Op
from bpstudio.engine.shapes import Shape
from bpstudio.language import _
from bpstudio.playback import equations, metrics
from bpstudio.playback.marks import Rect, Span, name_spans, shortened, width_of
from bpstudio.playback.metrics import PROSE
from bpstudio.playback.timeline import Wire
from bpstudio.project.project import Project
from bpstudio.training.batches import batch_size

GATE, PILL, SOURCE, DATA, LAYER, LOSS, BOX = (
    "gate",
    "pill",
    "source",
    "data",
    "layer",
    "loss",
    "box",
)

RADIUS = 26.0
SYMBOL, TITLE, SMALL, NUMBER, LOSS_NUMBER = 16.0, 14.0, 11.5, 13.0, 19.0
"""Type sizes: a gate's symbol, a title, what stands under it, a number on a wire, the loss."""
PAD = 14.0
HEADER = 60.0
FOOTER = 34.0
CURVE = 38.0
"""The room that the curve of an activation takes beside a title."""
KERNELS = 54.0
"""The height of the part of a layer that shows the windows of a convolution."""
MOST_NEURONS = 8
"""More neurons than this are not drawn one by one."""


class TileSize(NamedTuple):
    """How large a neuron's picture is, and how far the next one is below it."""

    side: float
    pitch: float


@dataclass(frozen=True, eq=False)
class Body:
    """A node as it is drawn; with `docked`, two nodes as one; a folded box, many as one.

    `tiles` are the pictures of the neurons numbered in `shown`, out of `units` in all. A folded box
    has the id `box` and the bodies `inside`, of which `node` is the first; `contents` are its nodes
    and notes, `entering` the wires that could end at its border and `leaving` the nodes whose
    values leave it.
    """

    node: Node
    kind: str
    rect: Rect
    face: tuple[Span, ...] = ()
    title: str = ""
    subtitle: str = ""
    docked: Node | None = None
    units: int = 0
    shown: tuple[int, ...] = ()
    tiles: tuple[Rect, ...] = ()
    names: tuple[str, ...] = ()
    type: float = 1.0
    box: str = ""
    colour: str = ""
    inside: tuple[Body, ...] = ()
    contents: tuple[str, ...] = ()
    entering: tuple[Wire, ...] = ()
    leaving: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The nodes that it stands for."""
        if self.inside:
            return tuple(id for inner in self.inside for id in inner.ids)
        return (self.node.id, self.docked.id) if self.docked else (self.node.id,)

    @property
    def last(self) -> Node:
        """The node whose value leaves the body."""
        return self.docked or self.node

    @property
    def round(self) -> bool:
        """Whether wires end on a circle."""
        return self.kind == GATE

    @property
    def level(self) -> float:
        """The height at which the body's one wire enters and leaves."""
        if self.kind in (DATA, LAYER, LOSS):
            return self.rect.y + (HEADER * self.type + self.rect.height - FOOTER * self.type) / 2
        return self.rect.centre[1]

    @property
    def output(self) -> tuple[float, float]:
        """Where its one wire leaves."""
        return self.rect.right, self.level

    @cached_property
    def exits(self) -> Mapping[str, tuple[float, float]]:
        """Where the value of each node leaves that can be connected from here."""
        if self.kind != BOX:
            return {} if self.kind == LOSS else {self.last.id: self.output}
        places = self._ports(len(self.leaving))
        return {id: (self.rect.right, y) for id, (_x, y) in zip(self.leaving, places, strict=True)}

    @cached_property
    def entries(self) -> Mapping[Wire, tuple[float, float]]:
        """Where the wire into each port ends: as `inputs`, with the node before port and slot."""
        if self.kind != BOX:
            return {(self.node.id, *end): place for end, place in self.inputs().items()}
        return dict(zip(self.entering, self._ports(len(self.entering)), strict=True))

    def exit(self, id: str) -> tuple[float, float]:
        """Where the value of that node leaves."""
        return self.exits.get(id, self.output)

    @property
    def selected_as(self) -> tuple[str, ...]:
        """What is selected with it: of a folded box all that it holds."""
        return self.contents or (self.node.id,)

    @property
    def numbered(self) -> tuple[str, ...]:
        """The nodes whose numbers stand where their values leave."""
        if self.kind == BOX:
            inner = {id for each in self.inside for id in each.numbered}
            return tuple(id for id in self.leaving if id in inner)
        return () if self.tiles or self.kind in (LOSS, DATA) else (self.last.id,)

    def _ports(self, count: int) -> list[tuple[float, float]]:
        """So many ports at the left of a folded box, evenly."""
        pitch = min(22.0 * self.type, (self.rect.height - 14.0) / max(1, count))
        top = self.rect.centre[1] - pitch * (count - 1) / 2
        return [(self.rect.x, top + pitch * index) for index in range(count)]

    def moved(self, centre: tuple[float, float]) -> Body:
        """The body with its centre there."""
        dx, dy = centre[0] - self.rect.centre[0], centre[1] - self.rect.centre[1]
        tiles = tuple(t._replace(x=t.x + dx, y=t.y + dy) for t in self.tiles)
        rect = self.rect._replace(x=self.rect.x + dx, y=self.rect.y + dy)
        inside = tuple(
            inner.moved((inner.rect.centre[0] + dx, inner.rect.centre[1] + dy))
            for inner in self.inside
        )
        return replace(self, rect=rect, tiles=tiles, inside=inside)

    def inputs(self) -> dict[tuple[str, int], tuple[float, float]]:
        """Where the wire into each port and slot ends; open input ports have slot 0."""
        slots = [
            (port.name, slot)
            for port in self.node.op.ports
            if port.kind is Kind.INPUT or self.node.sources.get(port.name)
            for slot in range(max(1, len(self.node.sources.get(port.name, ()))))
        ]
        room = 0.62 * self.rect.height
        pitch = min(24.0, room / max(1, len(slots) - 1))
        places = {}
        for index, slot in enumerate(slots):
            dy = (index - (len(slots) - 1) / 2) * pitch
            x = self.rect.x
            if self.round:
                radius = self.rect.height / 2
                x = self.rect.centre[0] - math.sqrt(max(0.0, radius**2 - dy**2))
            places[slot] = (x, self.level + dy)
        return places


def docked(project: Project) -> dict[str, str]:
    """For each activation that docks to a layer that layer, which nothing else reads.

    They stand apart where a box holds one of them alone: it could not be folded otherwise.
    """
    graph, pairs = project.graph, {}
    box_of = {member: id for id, box in project.boxes.items() for member in box.members}
    for node in graph.nodes.values():
        if node.op.category != "activation" or len(node.feeding) != 1:
            continue
        layer = graph[node.feeding[0]]
        others = [graph[id] for id in graph.readers[layer.id] if id != node.id]
        # A softmax that only shows the probabilities of the logits that a loss takes docks too.
        shows = node.id in graph.sinks and all(other.op.category == "loss" for other in others)
        beside = box_of.get(node.id) == box_of.get(layer.id)
        if layer.op.category == "layer" and beside and (not others or shows):
            pairs[node.id] = layer.id
    return pairs


def bodies(project: Project, type: float = 1.0) -> dict[str, Body]:
    """The body of each node that has one of its own, by id, all with their centres at (0, 0).

    `type` is the factor by which texts are larger than usual.
    """
    activations = {layer: id for id, layer in docked(project).items()}
    known = project.known_shapes
    hidden = set(activations.values())
    graph = project.graph
    return {
        id: _body(project, graph[id], graph.nodes.get(activations.get(id, "")), known, type)
        for id in graph.order
        if id not in hidden
    }


def node_size(project: Project, id: str) -> tuple[float, float]:
    """The width and height of a node; those of an activation that docks are 0."""
    body = bodies(project).get(id)
    return (body.rect.width, body.rect.height) if body else (0.0, 0.0)


def node_sizes(project: Project) -> dict[str, tuple[float, float]]:
    """The width and height of each node that has a body of its own."""
    return {id: (b.rect.width, b.rect.height) for id, b in bodies(project).items()}


def short_shape(shape: Shape) -> str:
    """The axes of one row, as in `2` or `8×8`."""
    return "×".join(map(str, shape.features)) or "1"


def _body(
    project: Project, node: Node, activation: Node | None, known: Mapping[str, Shape], type: float
) -> Body:
    category = node.op.category
    if any(port.kind is Kind.FEATURES for port in node.op.ports):
        return _data_body(project, node, type)
    if category == "source":
        return _source_body(node, type)
    if category == "layer":
        return _layer_body(project, node, activation, known, type)
    if category == "loss":
        return _loss_body(project, node, type)
    return _gate_body(node, type)


def _gate_body(node: Node, type: float) -> Body:
    text = symbol(node.op)
    sign = len(text) == 1 and not text.isalpha()
    size = 1.15 if sign else 0.85
    face = (Span(text, "text", PROSE, 700 if sign else 600, size),)
    wide = width_of(face, SYMBOL * type)
    if wide <= 2 * RADIUS - 10:
        return Body(node, GATE, _centred(2 * RADIUS, 2 * RADIUS), face, type=type)
    return Body(node, PILL, _centred(wide + 34, 44.0 * max(1.0, 0.9 * type)), face, type=type)


def _source_body(node: Node, type: float) -> Body:
    name = node.label if _has_value_of_its_own(node.op) else node.op.face
    face = name_spans(shortened(name, 130.0 * type, TITLE * type), "text", 400)
    wide = width_of(face, TITLE * type)
    return Body(node, SOURCE, _centred(max(60.0, wide + 30), 34.0 * type), face, type=type)


def _data_body(project: Project, node: Node, type: float) -> Body:
    data = project.data
    features: tuple[int, ...] = data.features.shape[1:] if data is not None else ()
    units = features[0] if len(features) == 1 else 0
    rows = len(data) if data is not None else 0
    shape = " × ".join(map(str, (rows, *features)))
    named = f"{data.name} · {shape}" if data is not None and data.name else shape
    subtitle = named if data is not None else _("no data yet")
    title = node.title or _(node.op.title)
    names = data.feature_names if data is not None else ()
    return _tiled(Body(node, DATA, _centred(0, 0), type=type), title, subtitle, units, names)


def _layer_body(
    project: Project, node: Node, activation: Node | None, known: Mapping[str, Shape], type: float
) -> Body:
    title = node.title or _(node.op.title)
    if activation is not None:
        title += f" ⟩ {symbol(activation.op)}"
    out = known.get(node.id)
    into = known.get(node.feeding[0]) if node.feeding else None
    count = sum(
        project.weights[key].size
        for port in node.owned(Kind.WEIGHT)
        if (key := f"{node.id}.{port.name}") in project.weights
    )
    sizes = f"{short_shape(into)}→{short_shape(out)}" if into and out else ""
    parameters = _("{count} p").format(count=count) if count else ""
    subtitle = " · ".join(part for part in (sizes, parameters) if part)
    units = out.features[0] if out is not None and len(out.features) == 1 else 0
    body = Body(node, LAYER, _centred(0, 0), docked=activation, type=type)
    pictures = out is not None and len(out.features) > 1 and bool(node.owned(Kind.WEIGHT))
    return _tiled(body, title, subtitle, units, (), KERNELS if pictures else 14.0)


def _loss_body(project: Project, node: Node, type: float) -> Body:
    title = _("{loss} loss").format(loss=symbol(node.op))
    data, batch = project.data, project.training.batch
    rows = 0 if data is None else batch_size(len(data.training_rows), batch)
    subtitle = _("mean of {rows}").format(rows=rows) if rows else ""
    wide = max(
        118.0,
        metrics.width(title, TITLE * type, PROSE, 600) + 2 * PAD,
        metrics.width("0.0000", LOSS_NUMBER * type, metrics.MONO, 700) + 2 * PAD + 8,
    )
    height = (HEADER + 28 + FOOTER) * type
    return Body(node, LOSS, _centred(wide, height), title=title, subtitle=subtitle, type=type)


def _tiled(
    body: Body,
    title: str,
    subtitle: str,
    units: int,
    names: tuple[str, ...],
    block: float = 14.0,
) -> Body:
    """The body with a picture for each neuron, or for the first few of many.

    Without any it has a part of the height `block` between its header and its footer.
    """
    type = body.type
    shown = tuple(range(units if units <= MOST_NEURONS else MOST_NEURONS - 1))
    side, pitch = tile_size(units)
    more = 26.0 * type if units > len(shown) else 0.0
    block = (len(shown) - 1) * pitch + side if shown else block
    title = shortened(title, 170.0 * type, TITLE * type, 600)
    # The curve of an activation stands right of the title when one looks from near by.
    beside = CURVE if body.docked is not None and curved(body.docked.op) else 0.0
    margin = 30.0 if not names else 34.0
    wide = max(
        side + 2 * margin if shown else 0.0,
        126.0,
        metrics.width(title, TITLE * type, PROSE, 600) + 2 * PAD + beside,
        metrics.width(subtitle, SMALL * type, metrics.MONO, 400) + 2 * PAD,
    )
    rect = _centred(wide, HEADER * type + block + more + FOOTER * type)
    top = rect.y + HEADER * type
    left = -side / 2
    tiles = tuple(Rect(left, top + i * pitch, side, side) for i in range(len(shown)))
    return replace(
        body,
        rect=rect,
        title=title,
        subtitle=subtitle,
        units=units,
        shown=shown,
        tiles=tiles,
        names=names,
    )


def tile_size(units: int) -> TileSize:
    """How large the pictures of a layer's neurons are: the fewer, the larger."""
    if units == 1:
        return TileSize(104.0, 104.0)
    if units <= 4:
        return TileSize(66.0, 98.0)
    return TileSize(44.0, 60.0)


def curved(op: Op) -> bool:
    """Whether a gate is a curve that can be drawn: an activation of one number without weights."""
    if op.category != "activation" or len(op.ports) != 1:
        return False
    found = equations.definition(op)
    return found is not None and equations.of_numbers(found)


def symbol(op: Op) -> str:
    """What stands on a gate: its face, or its title where the fonts lack the sign."""
    face = op.face.replace("-", "\u2212") if any(c.isdigit() for c in op.face) else op.face
    return face if all(map(metrics.has_glyph, face.replace(" ", ""))) else _(op.title)


def own_name(node: Node) -> str:
    """The name that a person gave a node: its title, or an id that is not made from its gate."""
    made = re.fullmatch(rf"({node.op.name}|{node.op.category})\d*", node.id)
    return node.title or ("" if made else node.id)


def _has_value_of_its_own(op: Op) -> bool:
    return bool(op.ports)


def _centred(width: float, height: float) -> Rect:
    return Rect(-width / 2, -height / 2, width, height)
