"""What the activations give, and how much gradient they let through, over the whole training."""

from __future__ import annotations

import numpy as np

from bpstudio.language import N_, _
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import Series, curves, inside, nothing_yet
from bpstudio.playback.plots.layers import spreads
from bpstudio.playback.plots.norms import table
from bpstudio.playback.plots.plot import Choice, Drawing, Look, Plot

FLAT, DEAD = "flat", "dead"


def choices(look: Look) -> tuple[Choice, ...]:
    """All activations by what they let through, or the outputs of one of them."""
    if not look.trail.glances:
        return ()
    graph = look.project.graph
    nodes = [id for id in look.trail.glances[-1].activities if id in graph.nodes]
    outputs = tuple((id, _("outputs of {node}").format(node=graph[id].label)) for id in nodes)
    whole = ((FLAT, _("share without slope")), (DEAD, _("share of dead units")))
    return (Choice("what", _("what"), (*whole, *outputs)),)


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """A curve for each activation, or how the outputs of one are spread."""
    chosen = choices(look)
    if not chosen:
        raise nothing_yet()
    what, glances = look.choice(chosen[0]), look.trail.glances
    if what not in (FLAT, DEAD):
        found = [(g.step, g.activities[what].outputs) for g in glances if what in g.activities]
        return spreads(found, look, inside(rect, theme), theme)
    series = []
    for id in (id for id in glances[-1].activities if id in look.project.graph.nodes):
        each = [g.activities.get(id) for g in glances]
        values = [np.nan if a is None else a.flat if what == FLAT else a.dead for a in each]
        series.append(Series(look.project.graph[id].label, look.trail.steps, np.array(values)))
    marks = curves(series, rect, theme, here=look.step, last=look.last)
    return Drawing(marks, table(series))


PLOT = Plot(
    "activations",
    N_("Activations"),
    N_(
        "For each activation the share of its outputs at which it has hardly any slope (below "
        "0.05), or of its units of which that holds in every row."
    ),
    N_(
        "Where it has no slope it lets no gradient through: near 1 a layer is saturated, and a "
        "dead ReLU comes back only by chance."
    ),
    draw,
    choices,
    follows=True,
)
