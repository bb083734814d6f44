"""How the weights, gradients and updates of a layer are spread, over the whole training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import N_, _
from bpstudio.playback.marks import Ink, Line, Mark, Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import Axis, inside, nothing_yet, strip
from bpstudio.playback.plots.plot import Choice, Drawing, Look, Plot, Table
from bpstudio.project.project import Project
from bpstudio.training.trail import SHARES, Glance, Spread

BINS = 60
WEIGHTS, GRADIENTS, UPDATES = "weights", "gradients", "updates"


def choices(look: Look) -> tuple[Choice, ...]:
    """Which weight, and whether itself, its gradient or its update is looked at."""
    keys = tuple((key, weight_name(look.project, key)) for key in look.weights)
    what = ((WEIGHTS, _("weights")), (GRADIENTS, _("gradients")), (UPDATES, _("updates")))
    return (Choice("of", _("of"), keys), Choice("what", _("what"), what)) if keys else ()


def weight_name(project: Project, key: str) -> str:
    """What a weight is called: its node, and its port where the node has more."""
    id, _dot, port = key.partition(".")
    node = project.graph.nodes.get(id)
    if node is None:
        return key
    return node.label if node.op.category == "source" else f"{node.label} · {port}"


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """A column for each step: the darker, the more numbers lie there; the line is the median."""
    chosen = choices(look)
    if not chosen:
        raise nothing_yet()
    key, what = look.choice(chosen[0]), look.choice(chosen[1])
    found = [
        (each.step, held[key]) for each in look.trail.glances if key in (held := _of(each, what))
    ]
    return spreads(found, look, inside(rect, theme), theme)


def spreads(found: list[tuple[int, Spread]], look: Look, rect: Rect, theme: Theme) -> Drawing:
    """How numbers are spread at some steps, as a strip with the median over it."""
    whole = [(step, each) for step, each in found if np.isfinite(each.quantiles).all()]
    if not whole:
        raise nothing_yet()
    steps = np.array([step for step, _each in whole], dtype=float)
    quantiles = np.stack([each.quantiles for _step, each in whole])
    edges = _edges(quantiles)
    shares = np.stack([each.counts(edges) for _step, each in whole])
    drawn, x, y = strip(edges, steps, shares, rect, theme, here=look.step, last=look.last)
    marks: list[Mark] = drawn
    middle = np.stack([_across(rect, x, steps), _up(rect, y, quantiles[:, len(SHARES) // 2])], 1)
    if len(middle) > 1:
        marks.append(Line(middle, Ink("text"), 1.4 * theme.wire**0.5))
    names = ["step", *(f"{share:.0%}" for share in SHARES)]
    rows = ([int(s), *q] for s, q in zip(steps.tolist(), quantiles.tolist(), strict=True))
    return Drawing(tuple(marks), Table(names, rows))


def _edges(quantiles: Array) -> Array:
    low, high = float(quantiles.min()), float(quantiles.max())
    room = 0.04 * (high - low) or 0.5 * abs(high) or 1.0
    return np.linspace(low - room, high + room, BINS + 1)


def _of(glance: Glance, what: str) -> Mapping[str, Spread]:
    found = {WEIGHTS: glance.weights, GRADIENTS: glance.gradients, UPDATES: glance.updates}
    return found[what]


def _across(rect: Rect, x: Axis, values: Array) -> Array:
    return rect.x + x.share(values) * rect.width


def _up(rect: Rect, y: Axis, values: Array) -> Array:
    return rect.bottom - y.share(values) * rect.height


PLOT = Plot(
    "layers",
    N_("Spread over time"),
    N_(
        "Each column is one step: the darker a place, the more of the layer's numbers have that "
        "value; the line is the one in the middle."
    ),
    N_(
        "Look for weights that spread out without end, for gradients that shrink to a thin line "
        "at zero, and for jumps, where one step was too large."
    ),
    draw,
    choices,
    follows=True,
)
