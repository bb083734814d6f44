"""What the network answers over two inputs: ways to look at the map, and its numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.language import N_, _
from bpstudio.playback.marks import Heat, Ink, Mark
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import segments
from bpstudio.playback.plots.contours import contours
from bpstudio.playback.plots.plot import Choice, Look, Table
from bpstudio.playback.plots.slices import slice_choices
from bpstudio.training.probes import Plane

ANSWERS, LINES, CERTAINTY = "answers", "lines", "certainty"
LEVELS = 9
"""Lines of equal value across the range of a regression."""
TITLE = N_("Decision boundary")
SEES = N_(
    "What the network answers at every place of the inputs, with the points that it learns from; "
    "hollow points are kept for testing."
)
SEEK = N_(
    "Look where the border runs between the classes, how broad the pale band along it is, and "
    "whether it bends around single points: then the network learns them by heart."
)


def choices(look: Look) -> tuple[Choice, ...]:
    """How the map is looked at, and over which inputs; nothing for a curve over one."""
    data = look.project.data
    if data is None or data.features.ndim != 2 or data.features.shape[1] < 2:
        return ()
    ways = [(ANSWERS, _("answers")), (LINES, _("lines of equal value"))]
    if data.classification:
        ways.append((CERTAINTY, _("how certain it is")))
    return (Choice("show", _("shown as"), tuple(ways)), *slice_choices(look))


def looked_at(heat: Heat, way: str, theme: Theme) -> list[Mark]:
    """A map of answers, looked at in one of these ways."""
    if way == CERTAINTY:
        sure = heat.values if heat.classes is not None else 0.85 * np.abs(heat.values)
        return [replace(heat, values=sure, classes=np.zeros(sure.shape, dtype=int))]
    marks: list[Mark] = [heat]
    if way == LINES:
        for pieces, strong in _lines(heat):
            width = (2.0 if strong else 0.9) * theme.wire**0.5
            if len(pieces):
                marks.append(segments(_placed(pieces, heat), Ink("text", 1.0), width))
    return marks


def table(data: Dataset, plane: Plane, outputs: Array) -> Table:
    """The answers at the middles of the cells, with all inputs."""
    answers = [f"answer {i + 1}" for i in range(outputs.shape[1])]
    rows = zip(plane.points.tolist(), outputs.tolist(), strict=True)
    return Table([*data.feature_names, *answers], (place + values for place, values in rows))


def _lines(heat: Heat) -> list[tuple[Array, bool]]:
    """Pieces of lines, and whether they are the border between classes."""
    if heat.classes is not None:
        there = np.unique(heat.classes)
        return [(contours((heat.classes == i).astype(float), 0.5), True) for i in there[1:]]
    values = heat.values.astype(float)
    levels = np.linspace(-1, 1, LEVELS + 2)[1:-1]
    return [(contours(values, float(level)), abs(level) < 1e-9) for level in levels]


def _placed(pieces: Array, heat: Heat) -> Array:
    high, wide = heat.values.shape
    scale = np.array([heat.rect.width / wide, heat.rect.height / high])
    placed: Array = np.array([heat.rect.x, heat.rect.y]) + (pieces + 0.5) * scale
    return placed
