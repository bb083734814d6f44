"""Pictures beside the network: the decision boundary and the loss."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.marks import (
    Box,
    Discs,
    Heat,
    Ink,
    Line,
    Mark,
    Picture,
    Rect,
    Span,
    Text,
    name_spans,
    whole_pieces,
)
from bpstudio.playback.metrics import MONO, PROSE
from bpstudio.playback.palette import CLASS_ROLES, LIGHT, Theme
from bpstudio.playback.planes import over, signed
from bpstudio.project.project import Project, predicting_node
from bpstudio.training.probes import Plane, Unseen, plane_of

SIDE = 300.0
CHART = (400.0, 260.0)
PAD = 22.0
_HEAD, _SMALL = 11.5, 11.0
FEW_POINTS = 24
MOST_DRAWN = 4000


def heading(text: str, x: float, y: float, theme: Theme) -> Text:
    """The name of a picture, above it."""
    return Text(x, y, (Span(text.upper(), "muted", PROSE, 600),), _HEAD * theme.type)


def note(text: str, theme: Theme) -> Picture:
    """A picture that could not be made, with the reason."""
    size = 12.5 * theme.type
    words = Text(PAD, PAD + 20, (Span(text, "muted"),), size)
    return Picture(Rect(0, 0, max(CHART[0], words.width + 2 * PAD), 80), (words,))


def boundary(
    project: Project,
    *,
    weights: Mapping[str, Array] | None = None,
    theme: Theme = LIGHT,
    cells: int = 150,
) -> Picture:
    """What the network answers over the input plane, with the points of the data set.

    Two inputs give a map, one gives a curve. Two classes and plain values are told by sign, more
    classes each by a colour and the points' numbers; points kept for testing are hollow.
    """
    if project.data is None:
        return note(_("There is no data set, so there is no plane to look at."), theme)
    plane = plane_of(project.data.features, cells)
    if isinstance(plane, Unseen):
        return note(str(plane.reason), theme)
    answer = predicting_node(project)
    outputs = over(project, plane, [answer], weights).get(answer)
    if outputs is None:
        return note(_("Nothing leads from the data to an answer yet."), theme)
    if len(plane.low) == 1:
        return _fit(project.data, plane, outputs, theme)
    top = PAD + 22 * theme.type
    rect = Rect(PAD, top, SIDE, SIDE)
    marks: list[Mark] = [
        heading(_("Decision boundary"), PAD, PAD + 9 * theme.type, theme),
        answer_map(project, answer, outputs, plane, rect),
        Box(rect, 10.0, None, Ink("border"), 1.2),
        *data_points(project.data, plane, rect, theme),
        *axis_names(project.data, rect, theme),
    ]
    height = rect.bottom + 22 * theme.type + PAD / 2
    return Picture(Rect(0, 0, SIDE + 2 * PAD, height), tuple(marks))


def answer_map(project: Project, answer: str, outputs: Array, plane: Plane, rect: Rect) -> Heat:
    """The answers (points, units) over the plane of two inputs, by sign or by class."""
    lines = (plane.cells, plane.cells)
    if outputs.shape[1] > 2:
        certainty = _shares(outputs, project.graph[answer].op.name == "softmax")
        largest = certainty.max(axis=1)
        floor = 1.0 / outputs.shape[1]
        shown = 0.25 + 0.6 * np.clip((largest - floor) / (1 - floor), 0, 1)
        classes = outputs.argmax(axis=1).reshape(lines)[::-1]
        return Heat(rect, shown.reshape(lines)[::-1], 10.0, classes)
    if outputs.shape[1] == 2:
        shares = _shares(outputs, project.graph[answer].op.name == "softmax")
        values = shares[:, 1] - shares[:, 0]
    else:
        values = signed(project.graph[answer], outputs)[:, 0]
    return Heat(rect, values.reshape(lines)[::-1], 10.0)


def _shares(outputs: Array, probabilities: bool) -> Array:
    """Outputs as shares that add up to 1: logits go through a softmax."""
    if probabilities:
        return outputs
    raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    shares: Array = raised / raised.sum(axis=1, keepdims=True)
    return shares


def data_points(data: Dataset, plane: Plane, rect: Rect, theme: Theme) -> Iterator[Mark]:
    """The rows of the data over the plane: numbered where they are few, in colours else."""
    rows = drawn_rows(data)
    centres = point_places(data, plane, rect)[rows]
    if not data.classification:
        yield Discs(centres, 3.2, Ink("canvas"), Ink("text"), 1.1)
        return
    numbers, held_out_rows = data.answers[rows], data.held_out[rows]
    if len(data) <= FEW_POINTS:
        yield Discs(centres, 9.5, Ink("panel"), Ink("text"), 1.8)
        for (x, y), number in zip(centres.tolist(), numbers.tolist(), strict=True):
            span = Span(str(number), "text", PROSE, 700)
            yield Text(x, y + 4.4, (span,), 12.5, "middle")
        return
    radius = 3.4 * theme.wire**0.4 * min(1.0, max(0.6, rect.width / 220))
    for index in range(len(data.classes)):
        role = CLASS_ROLES[index % len(CLASS_ROLES)]
        for held_out in (False, True):
            chosen = centres[(numbers == index) & (held_out_rows == held_out)]
            if len(chosen) and held_out:
                yield Discs(chosen, radius, Ink("panel"), Ink(role), 1.6)
            elif len(chosen):
                yield Discs(chosen, radius, Ink(role), Ink("panel"), 1.0)


def drawn_rows(data: Dataset) -> slice:
    """The rows whose points are drawn: of many, evenly spread ones."""
    return slice(None, None, max(1, -(-len(data) // MOST_DRAWN)))


def point_places(data: Dataset, plane: Plane, rect: Rect) -> Array:
    """Where the rows of the data lie on a map of the plane, (rows, 2)."""
    low, high = np.array(plane.low), np.array(plane.high)
    places = (plane.of(data.features) - low) / (high - low)
    return np.stack(
        [rect.x + places[:, 0] * rect.width, rect.bottom - places[:, 1] * rect.height], axis=1
    )


def axis_names(
    data: Dataset, rect: Rect, theme: Theme, axes: tuple[int, ...] = (0, 1)
) -> Iterator[Mark]:
    """The names of the two inputs that the plane goes over, below and at the left."""
    size = 12.0 * theme.type
    first, second = (name_spans(data.feature_names[axis][:16], "muted") for axis in axes)
    yield Text(rect.centre[0], rect.bottom + 17 * theme.type, first, size, "middle")
    yield Text(rect.x - 6, rect.centre[1] + 4, second, size, "end")


@dataclass(frozen=True)
class Axes:
    """A chart: where it is, and what its corners stand for."""

    rect: Rect
    x: tuple[float, float]
    y: tuple[float, float]

    def places(self, x: Array, y: Array) -> Array:
        """Where points of the chart are drawn, (n, 2)."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = self.rect.x + (x - x0) / ((x1 - x0) or 1.0) * self.rect.width
        down = self.rect.bottom - (y - y0) / ((y1 - y0) or 1.0) * self.rect.height
        return np.stack([across, down], axis=1)

    def values(self, x: float, y: float) -> tuple[float, float]:
        """What a place in the chart stands for: the other way round than `places`."""
        (x0, x1), (y0, y1) = self.x, self.y
        across, up = (x - self.rect.x) / self.rect.width, (self.rect.bottom - y) / self.rect.height
        return x0 + across * (x1 - x0), y0 + up * (y1 - y0)

    def lines(self, theme: Theme, x_name: str) -> Iterator[Mark]:
        """Level lines with their numbers, and the name of the axis across."""
        size = _SMALL * theme.type
        rows = int(max(2, min(5, self.rect.height // (2 * size))))
        for value in ticks(*self.y, count=rows):
            (x, y) = self.places(np.array([self.x[0]]), np.array([value]))[0].tolist()
            ends = np.array([[x, y], [self.rect.right, y]])
            yield Line(ends, Ink("border", 0.7), 1.0)
            yield Text(x - 8, y + 4, (Span(_tick(value), "muted", MONO),), size, "end")
        base = self.rect.bottom + 18 * theme.type
        for value in ticks(*self.x, count=4):
            (x, y) = self.places(np.array([value]), np.array([self.y[0]]))[0].tolist()
            yield Text(x, base, (Span(_tick(value), "muted", MONO),), size, "middle")
        middle = self.rect.centre[0], base + 18 * theme.type
        yield Text(*middle, (Span(x_name, "muted"),), size * 1.05, "middle")


def loss(project: Project, *, losses: Array | None = None, theme: Theme = LIGHT) -> Picture:
    """The loss of each training step."""
    series = np.asarray(project.trained.losses if losses is None else losses, dtype=float)
    steps = np.arange(1, len(series) + 1, dtype=float)
    finite = np.isfinite(series)
    if not finite.any():
        return note(_("This network has not been trained yet, so it has no loss curve."), theme)
    highest = float(series[finite].max())
    lowest = min(0.0, float(series[finite].min()))
    axes = _axes(theme, (1.0, float(max(len(series), 2))), (lowest, highest or 1.0))
    kept = thinned(series, 600)
    kept = kept[np.isfinite(series[kept])]
    points = axes.places(steps[kept], series[kept])
    last = digits.tabular(float(series[kept[-1]]), 4)
    x, y = points[-1].tolist()
    marks: list[Mark] = [
        heading(_("Loss"), PAD, PAD + 9 * theme.type, theme),
        Text(
            axes.rect.right,
            PAD + 9 * theme.type,
            (Span(last, "forward", MONO, 700),),
            13.0 * theme.type,
            "end",
        ),
        *axes.lines(theme, _("step")),
    ]
    window = max(2, len(series) // 40)
    if finite.all() and noisy(series):
        mean = axes.places(steps[window - 1 :], running_mean(series, window))
        shown = thinned(mean[:, 1], 300)
        marks += [
            Line(points, Ink("muted", 0.45), 0.8),
            Line(mean[shown], Ink("text"), 2.0 * theme.wire**0.5),
            _aside(_("with the mean of {steps} steps").format(steps=window), axes, theme),
        ]
    else:
        marks.append(Line(points, Ink("text"), 2.0 * theme.wire**0.5))
    marks.append(Discs(np.array([[x, y]]), 4.0 * theme.wire**0.5, Ink("forward")))
    return Picture(_chart_bounds(theme), tuple(marks))


def noisy(series: Array) -> bool:
    """Whether a curve goes up and down so much that its mean says more than its line."""
    way = float(np.abs(np.diff(series)).sum())
    return len(series) >= 100 and way > 8.0 * float(np.ptp(series))


def running_mean(series: Array, window: int) -> Array:
    """The mean of each `window` entries in a row, shape (entries − window + 1,)."""
    sums = np.cumsum(np.concatenate([[0.0], series]))
    mean: Array = (sums[window:] - sums[:-window]) / window
    return mean


def _aside(text: str, axes: Axes, theme: Theme) -> Text:
    """A remark beside a picture's heading."""
    x, y = axes.rect.x + 12, PAD + 9 * theme.type
    return Text(x, y, (Span(text, "muted"),), _HEAD * theme.type)


def thinned(series: Array, most: int) -> Array:
    """The indices of at most 2 · `most` entries that show the same curve: each piece's extremes."""
    if len(series) <= 2 * most:
        return np.arange(len(series))
    edges = np.linspace(0, len(series), most + 1).astype(int)
    kept = {0, len(series) - 1}
    for begin, end in itertools.pairwise(edges.tolist()):
        piece = np.where(np.isfinite(series[begin:end]), series[begin:end], 0.0)
        kept |= {begin + int(piece.argmin()), begin + int(piece.argmax())}
    return np.array(sorted(kept))


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About that many round numbers between the two."""
    width = (high - low) or 1.0
    rough = width / count
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * f for f in (1, 2, 2.5, 5, 10) if power * f >= rough * 0.999)
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [round(i * step, 12) for i in range(first, last + 1)]


def _fit(data: Dataset, plane: Plane, outputs: Array, theme: Theme) -> Picture:
    title = heading(_("What it has learned"), PAD, PAD + 9 * theme.type, theme)
    rect = _axes(theme, (0, 1), (0, 1)).rect
    marks = fit_marks(data, plane, outputs, rect, theme)
    return Picture(_chart_bounds(theme), (title, *marks))


def fit_axes(data: Dataset, plane: Plane, outputs: Array, rect: Rect) -> Axes:
    """The axes of a chart that holds the points and the answers over one input."""
    everything = np.concatenate([data.answers.astype(float).ravel(), outputs.astype(float).ravel()])
    everything = everything[np.isfinite(everything)]
    low, high = float(everything.min()), float(everything.max())
    margin = 0.06 * (high - low or 1.0)
    return Axes(rect, (plane.low[0], plane.high[0]), (low - margin, high + margin))


def fit_marks(
    data: Dataset,
    plane: Plane,
    outputs: Array,
    rect: Rect,
    theme: Theme,
    axes: Axes | None = None,
) -> Iterator[Mark]:
    """One input: the answers as curves over it, with the points, in a rectangle between axes."""
    answers = data.answers.astype(float).reshape(len(data), -1)
    axes = axes or fit_axes(data, plane, outputs, rect)
    grid = plane.points[:, 0].astype(float)
    yield from axes.lines(theme, data.feature_names[0])
    for held_out in (False, True):
        chosen = np.flatnonzero(data.held_out == held_out)[drawn_rows(data)]
        if len(chosen):
            places = axes.places(
                np.repeat(data.features[chosen, 0], answers.shape[1]), answers[chosen].ravel()
            )
            fill, stroke = (Ink("canvas"), Ink("muted")) if held_out else (Ink("muted", 0.7), None)
            yield Discs(places, 3.0, fill, stroke, 1.2)
    for column in outputs.T.astype(float):
        for piece in whole_pieces(axes.places(grid, column)):
            if len(piece) > 1:
                yield Line(piece, Ink("forward"), 2.2 * theme.wire**0.5)


def _axes(theme: Theme, x: tuple[float, float], y: tuple[float, float]) -> Axes:
    left = PAD + 48 * theme.type
    top = PAD + 26 * theme.type
    return Axes(Rect(left, top, CHART[0], CHART[1]), x, y)


def _chart_bounds(theme: Theme) -> Rect:
    axes = _axes(theme, (0, 1), (0, 1)).rect
    return Rect(0, 0, axes.right + PAD, axes.bottom + 46 * theme.type)


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", digits.MINUS)
