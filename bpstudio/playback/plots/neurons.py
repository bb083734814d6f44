"""What each neuron of a layer computes over the inputs, large."""

from __future__ import annotations

import math

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.marks import Box, Discs, Heat, Ink, Line, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import CLASS_ROLES, Theme
from bpstudio.playback.planes import of_points, over, pictures
from bpstudio.playback.plots.plot import Choice, Drawing, Look, Plot, Table
from bpstudio.playback.plots.slices import slice_choices, sliced
from bpstudio.playback.views import point_places
from bpstudio.training.probes import Plane, Unseen

CELLS, CELLS_OF_MANY = 72, 40
"""Points along each side of a picture, and where there are many pictures."""
MOST = 36
GAP = 10.0
_POINTS_FROM = 90.0
"""From this width on a picture has the points of the data in it."""


def choices(look: Look) -> tuple[Choice, ...]:
    """The layer, and which two of many inputs."""
    graph = look.project.graph
    nodes = [graph[id] for id in of_points(look.project) if graph[id].op.category != "source"]
    # The last hidden activation first.
    nodes.reverse()
    nodes.sort(key=lambda node: _rank(look, node.id))
    options = tuple((node.id, node.label) for node in nodes)
    return (Choice("layer", _("layer"), options), *slice_choices(look)) if options else ()


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """A picture for each neuron."""
    data, chosen = look.project.data, choices(look)
    if data is None or not chosen:
        raise StudioError(N_("There is no data set, so there is no plane to look at."))
    id = look.choice(chosen[0])
    units = look.project.known_shapes[id].features
    many = bool(units) and units[-1] > 9
    plane = sliced(look, CELLS_OF_MANY if many else CELLS)
    if isinstance(plane, Unseen):
        raise plane.reason
    outputs = over(look.project, plane, [id], look.weights, once=not look.training)[id]
    shown = pictures(look.project.graph[id], outputs, plane)[:MOST]
    head = 17 * theme.type
    places = tiles(len(shown), rect, head)
    marks: list[Mark] = []
    for unit, (place, picture) in enumerate(zip(places, shown, strict=True)):
        marks += _tile(unit, place, picture, outputs[:, unit], head, theme)
        if len(plane.low) == 2 and place.width >= _POINTS_FROM:
            marks += points(data, plane, place, theme)
    return Drawing(tuple(marks), _table(plane, outputs, data))


def _rank(look: Look, id: str) -> tuple[bool, bool]:
    """Hidden activations come before what answers, and both before what lies between."""
    node, shape = look.project.graph[id], look.project.known_shapes[id].features
    return node.op.category != "activation", bool(shape) and shape[-1] == 1


def tiles(count: int, rect: Rect, head: float) -> list[Rect]:
    """Equal squares with a line above each, as large as they can be."""
    best, columns = 0.0, 1
    for tried in range(1, count + 1):
        rows = math.ceil(count / tried)
        side = min(
            (rect.width - GAP * (tried - 1)) / tried, (rect.height - GAP * (rows - 1)) / rows - head
        )
        if side > best:
            best, columns = side, tried
    side = max(best, 8.0)
    return [
        Rect(
            rect.x + (i % columns) * (side + GAP),
            rect.y + (i // columns) * (side + GAP + head) + head,
            side,
            side,
        )
        for i in range(count)
    ]


def points(data: Dataset, plane: Plane, rect: Rect, theme: Theme) -> list[Mark]:
    """The rows of the data as small discs: filled and hollow for two classes, coloured for more."""
    places = point_places(data, plane, rect)
    edge, radius = Ink("text"), 2.2 * theme.wire**0.3
    if not data.classification:
        return [Discs(places, radius, Ink("muted"), None)]
    if len(data.classes) > 2:
        return [
            Discs(places[data.answers == i], radius, Ink(CLASS_ROLES[i % len(CLASS_ROLES)]))
            for i in range(len(data.classes))
        ]
    low, high = places[data.answers == 0], places[data.answers == 1]
    return [Discs(low, radius, Ink("panel"), edge, 1.0), Discs(high, radius, edge, None)]


def _tile(
    unit: int, place: Rect, picture: Array, values: Array, head: float, theme: Theme
) -> list[Mark]:
    size, base = 11.0 * theme.type, place.y - head + 12 * theme.type
    low, high = digits.fixed(float(values.min())), digits.fixed(float(values.max()))
    spans = (Span(f"{unit + 1}", "text", weight=600), Span(f"  {low} … {high}", "muted", MONO))
    name = Text(place.x, base, spans, size)
    if name.width > place.width:
        name = Text(place.x, base, spans[:1], size)
    marks: list[Mark] = [name]
    if len(picture) == 1:  # of one input the picture is a strip, and the neuron a curve
        marks.append(Box(place, 4.0, Ink("canvas"), Ink("border"), 1.0))
        marks.append(_curve(values, place, theme))
    else:
        marks += [Heat(place, picture, 4.0), Box(place, 4.0, None, Ink("border"), 1.0)]
    return marks


def _curve(values: Array, place: Rect, theme: Theme) -> Line:
    low, high = float(values.min()), float(values.max())
    x = place.x + (np.arange(len(values)) + 0.5) / len(values) * place.width
    share = (values - low) / ((high - low) or 1.0)
    y = place.bottom - 6 - share * (place.height - 12)
    return Line(np.stack([x, y], axis=1), Ink("forward"), 1.8 * theme.wire**0.5)


def _table(plane: Plane, outputs: Array, data: Dataset) -> Table:
    names = [data.feature_names[axis] for axis in plane.axes[: len(plane.low)]]
    units = [f"unit {i + 1}" for i in range(outputs.shape[1])]
    rows = zip(plane.of(plane.points).tolist(), outputs.tolist(), strict=True)
    return Table([*names, *units], (place + values for place, values in rows))


PLOT = Plot(
    "neurons",
    N_("Neurons"),
    N_(
        "Each picture is one neuron of the layer: what it gives for every input, from blue "
        "(negative) over white to orange (positive)."
    ),
    N_(
        "Look for the white line along which a neuron changes its mind, for two neurons that do "
        "the same, and for one that gives the same everywhere and so does nothing."
    ),
    draw,
    choices,
)
