"""The plane of inputs as a hidden layer warps it: straight lines of the input, bent."""

from __future__ import annotations

import itertools

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.marks import Discs, Ink, Line, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import CLASS_ROLES, Theme
from bpstudio.playback.planes import PROBABILITIES, of_points
from bpstudio.playback.plots.chart import SMALL, axis_of, tick
from bpstudio.playback.plots.plot import Choice, Drawing, Look, Plot, Table
from bpstudio.playback.plots.slices import slice_choices, sliced
from bpstudio.training import probes
from bpstudio.training.probes import Plane

LINES, PIECES = 15, 48
"""Lines of the grid in each direction, and the pieces of each."""
PRINCIPAL = "principal"
MOST_POINTS = 2000


def choices(look: Look) -> tuple[Choice, ...]:
    """The layer, its two units or principal directions, and which two of many inputs."""
    graph, known = look.project.graph, look.project.known_shapes
    nodes = [
        graph[id]
        for id in reversed(of_points(look.project))
        if graph[id].op.category != "source"
        and len(known[id].features) == 1
        and known[id].features[0] > 1
    ]
    if not nodes:
        return ()
    # Hidden activations come first, the last of them before all: there the plane is bent most.
    nodes.sort(key=lambda node: (node.op.category != "activation", node.op.name in PROBABILITIES))
    chosen = Choice("layer", _("layer"), tuple((node.id, node.label) for node in nodes))
    units = known[look.choice(chosen)].features[0]
    pairs = list(itertools.combinations(range(min(units, 8)), 2))
    named = tuple((f"{a},{b}", _("units {a} and {b}").format(a=a + 1, b=b + 1)) for a, b in pairs)
    both = ((PRINCIPAL, _("widest directions")), *named) if units > 2 else named
    return chosen, Choice("units", _("seen along"), both), *slice_choices(look)


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """The grid of the inputs and the points, where the layer puts them."""
    data, chosen = look.project.data, choices(look)
    if data is None or not chosen:
        raise StudioError(
            N_("No layer of this network has two neurons that the data reach. Add units.")
        )
    id, plane = look.choice(chosen[0]), sliced(look, LINES)
    places = data.features[:MOST_POINTS]
    grid = _lines(plane) if isinstance(plane, Plane) and len(plane.low) == 2 else None
    rows = places if grid is None else np.concatenate([grid.reshape(-1, grid.shape[-1]), places])
    held = {**look.project.statistics, **look.weights}
    found = probes.look(look.project.graph, look.project.given, held, [id], rows)[id]
    mapped = found[len(rows) - len(places) :]
    basis, centre, names = _basis(look, chosen[1], mapped)
    flat = (found - centre) @ basis
    room = Rect(rect.x + 44 * theme.type, rect.y + 6, 0, 0)
    room = Rect(room.x, room.y, rect.right - room.x - 12, rect.bottom - room.y - 34 * theme.type)
    x, y = axis_of(flat[:, 0]), axis_of(flat[:, 1])
    at = np.stack(
        [
            room.x + x.share(flat[:, 0]) * room.width,
            room.bottom - y.share(flat[:, 1]) * room.height,
        ],
        axis=1,
    )
    marks: list[Mark] = []
    if grid is not None:
        lines = at[: len(rows) - len(places)].reshape(2 * LINES, PIECES + 1, 2)
        for index, line in enumerate(lines):
            ink = Ink("negative" if index < LINES else "positive", 0.75)
            marks.append(Line(line, ink, 1.0 * theme.wire**0.5))
    marks += _points(look, at[len(rows) - len(places) :], theme)
    marks += _axes(room, names, (x.low, x.high, y.low, y.high), theme)
    table = Table(
        [*data.feature_names, *names],
        (
            a + b
            for a, b in zip(places.tolist(), flat[len(rows) - len(places) :].tolist(), strict=True)
        ),
    )
    return Drawing(tuple(marks), table)


def _lines(plane: Plane) -> Array:
    """The lines of a grid over the plane, (lines, points, inputs): first those going up."""
    (left, low), (right, high) = plane.low, plane.high
    across, up = np.linspace(left, right, LINES), np.linspace(low, high, LINES)
    along_up, along = np.linspace(low, high, PIECES + 1), np.linspace(left, right, PIECES + 1)
    first = [np.stack([np.full(PIECES + 1, x), along_up], axis=1) for x in across]
    second = [np.stack([along, np.full(PIECES + 1, y)], axis=1) for y in up]
    places = np.concatenate([*first, *second])
    return plane.within(places).reshape(2 * LINES, PIECES + 1, -1)


def _basis(look: Look, choice: Choice, mapped: Array) -> tuple[Array, Array, tuple[str, str]]:
    """The two directions in the layer's space, the middle, and what they are called."""
    units, wanted = mapped.shape[1], look.choice(choice)
    if wanted != PRINCIPAL:
        a, b = (int(part) for part in wanted.split(","))
        names = (_("unit {number}").format(number=a + 1), _("unit {number}").format(number=b + 1))
        return np.eye(units)[:, [a, b]], np.zeros(units), names
    centre = mapped.mean(axis=0)
    _u, _s, rows = np.linalg.svd(np.nan_to_num(mapped - centre), full_matrices=False)
    if len(rows) < 2:
        rows = np.eye(units)
    # A direction has no sign: the larger entry is positive, so that it does not flip.
    signs = np.sign(rows[np.arange(2), np.abs(rows[:2]).argmax(axis=1)])
    return (rows[:2] * signs[:, None]).T, centre, (_("widest"), _("second"))


def _points(look: Look, at: Array, theme: Theme) -> list[Mark]:
    data = look.project.data
    assert data is not None
    radius = 3.2 * theme.wire**0.4
    if not data.classification:
        return [Discs(at, radius, Ink("muted"), Ink("panel"), 1.0)]
    answers, marks = data.answers[: len(at)], list[Mark]()
    for index, name in enumerate(data.classes):
        here = at[answers == index]
        role = CLASS_ROLES[index % len(CLASS_ROLES)]
        marks.append(Discs(here, radius + 1, Ink(role), Ink("panel"), 1.2))
        if len(here) <= 4:
            size = SMALL * theme.type
            for x, y in here.tolist():
                marks.append(Text(x + 7, y - 6, (Span(name[:8], "text"),), size, halo="panel"))
    return marks


def _axes(
    rect: Rect, names: tuple[str, str], ends: tuple[float, float, float, float], theme: Theme
) -> list[Mark]:
    size, base = SMALL * theme.type, rect.bottom + 15 * theme.type
    x0, x1, y0, y1 = (float(f"{end:.2g}") for end in ends)
    return [
        Text(rect.x, base, (Span(tick(x0), "muted", MONO),), size),
        Text(rect.right, base, (Span(tick(x1), "muted", MONO),), size, "end"),
        Text(rect.centre[0], base, (Span(names[0], "muted"),), size, "middle"),
        Text(rect.x - 6, rect.bottom, (Span(tick(y0), "muted", MONO),), size, "end"),
        Text(rect.x - 6, rect.y + 9, (Span(tick(y1), "muted", MONO),), size, "end"),
        Text(rect.x, base + 14 * theme.type, (Span("↑ " + names[1], "muted"),), size),
    ]


PLOT = Plot(
    "warp",
    N_("Warped plane"),
    N_(
        "The lines of a square grid over the inputs, and the points of the data, where the "
        "hidden layer puts them."
    ),
    N_(
        "Look for the moment at which a straight line could part the classes: then the layer has "
        "done its work, and what comes after it has an easy task."
    ),
    draw,
    choices,
)
