"""How large each update is beside the weight that it changes, over the whole training."""

from __future__ import annotations

import numpy as np

from bpstudio.language import N_
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import Series, curves
from bpstudio.playback.plots.norms import curve_name, drawn_keys, table
from bpstudio.playback.plots.plot import Drawing, Look, Plot, nothing_to_choose
from bpstudio.training.trail import ratio

USUAL = 1e-3


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """A curve for each weight, and a dotted line at a thousandth."""
    series = [
        Series(
            curve_name(look, key),
            look.trail.steps,
            np.array([ratio(glance, key) for glance in look.trail.glances]),
        )
        for key in drawn_keys(look)
    ]
    marks = curves(series, rect, theme, here=look.step, last=look.last, log=True, level=USUAL)
    return Drawing(marks, table(series))


PLOT = Plot(
    "ratios",
    N_("Update to weight"),
    N_(
        "How large the update of each layer is beside its weights, step by step; the dotted line "
        "is a thousandth."
    ),
    N_(
        "About a thousandth is usual: far above it the learning rate is too large for that layer, "
        "far below it the layer hardly learns."
    ),
    draw,
    nothing_to_choose,
    follows=True,
)
