"""How much gradient reaches each layer, over the whole training."""

from __future__ import annotations

import numpy as np

from bpstudio.language import N_
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import Series, curves, nothing_yet
from bpstudio.playback.plots.layers import weight_name
from bpstudio.playback.plots.plot import Drawing, Look, Plot, Table, nothing_to_choose


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """A curve for each weight that is a matrix or stands alone; biases follow their layer."""
    keys = drawn_keys(look)
    steps = look.trail.steps
    series = []
    for key in keys:
        norms = [
            glance.gradients[key].norm if key in glance.gradients else np.nan
            for glance in look.trail.glances
        ]
        series.append(Series(curve_name(look, key), steps, np.array(norms)))
    marks = curves(series, rect, theme, here=look.step, last=look.last, log=True)
    return Drawing(marks, table(series))


def drawn_keys(look: Look) -> list[str]:
    """The weights that have a curve: matrices, and where there are none all."""
    if not look.trail.glances:
        raise nothing_yet()
    keys = [key for key in look.weights if key in look.trail.glances[-1].weights]
    wide = [key for key in keys if look.weights[key].ndim > 1]
    return wide or keys


def curve_name(look: Look, key: str) -> str:
    """The node alone, where none of the curves is of another of its weights."""
    ids = [other.partition(".")[0] for other in drawn_keys(look)]
    id = key.partition(".")[0]
    node = look.project.graph.nodes.get(id)
    return node.label if node is not None and ids.count(id) == 1 else weight_name(look.project, key)


def table(series: list[Series]) -> Table:
    """A row for each step, a column for each curve."""
    names = ["step", *(each.name for each in series)]
    steps = series[0].steps.astype(int).tolist() if series else []
    return Table(names, zip(steps, *(each.values.tolist() for each in series), strict=True))


PLOT = Plot(
    "norms",
    N_("Gradient norms"),
    N_(
        "How long the gradient of each layer's weights is at every step; each line across is ten "
        "times the one below it."
    ),
    N_(
        "Look for a first layer that lies far below the last one: its gradient vanishes on the "
        "way back. A curve that climbs and climbs explodes."
    ),
    draw,
    nothing_to_choose,
    follows=True,
)
