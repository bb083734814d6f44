"""The loss around the weights over a plane, and the path that training walked through it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpstudio.engine.op import Array, Kind
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.marks import Box, Discs, Heat, Ink, Line, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.chart import SMALL, segments
from bpstudio.playback.plots.contours import contours
from bpstudio.playback.plots.plot import Choice, Drawing, Look, Plot, Table
from bpstudio.training.landscape import PATH, RANDOM, Landscape

LEVELS = 9


def choices(_look: Look) -> tuple[Choice, ...]:
    """Which two directions."""
    return (
        Choice(
            "directions",
            _("directions"),
            ((PATH, _("of the path")), (RANDOM, _("random, as long as the weights"))),
        ),
    )


def draw(look: Look, rect: Rect, theme: Theme) -> Drawing:
    """Dark is high. The path begins at the ring and leads to the disc, which is the step shown."""
    found = look.landscape
    if found is None:
        raise StudioError(N_("The loss around the weights has not been computed yet."))
    type = theme.type
    words = [text for text in _words(found, theme) if text.width <= rect.width]
    low = 16.0 * type * len(words) + 4
    wide = max((text.width for text in words), default=0.0) + 14
    beside = rect.width - rect.height >= wide
    side = max(20.0, min(rect.height - (4 if beside else low + 2), rect.width))
    room = Rect(rect.x, rect.y + 2, side, side)
    at = (room.right + 14, rect.y + 14 * type) if beside else (room.x, room.bottom + 16 * type)
    heights, levels = scaled(found.losses)
    marks: list[Mark] = [
        Heat(room, heights[::-1], 6.0, np.zeros(heights.shape, dtype=int), smooth=False),
        Box(room, 6.0, None, Ink("border"), 1.2),
    ]
    logs = np.log10(found.losses, where=found.losses > 0, out=np.full_like(found.losses, np.nan))
    cell = room.width / found.losses.shape[1]
    for level in levels:
        pieces = contours(np.where(np.isfinite(logs), logs, np.nan), level)
        if len(pieces):
            placed = np.stack(
                [
                    room.x + (pieces[..., 0] + 0.5) * cell,
                    room.bottom - (pieces[..., 1] + 0.5) * cell,
                ],
                axis=-1,
            )
            marks.append(segments(placed, Ink("muted", 0.8), 0.8))
    marks += _path(found, look, room, theme)
    for line, text in enumerate(words):
        marks.append(replace(text, x=at[0], y=at[1] + 16 * type * line))
    return Drawing(tuple(marks), _table(found))


def scaled(losses: Array) -> tuple[Array, list[float]]:
    """Losses as heights from 0 to 1 by their logarithm, and the levels of lines between."""
    finite = losses[np.isfinite(losses) & (losses > 0)]
    if not len(finite):
        return np.zeros(losses.shape), []
    logs = np.log10(np.maximum(np.where(np.isnan(losses), finite.min(), losses), finite.min()))
    low, high = float(np.log10(finite.min())), float(np.log10(finite.max()))
    heights = np.clip((logs - low) / ((high - low) or 1.0), 0.0, 1.0)
    return 0.85 * heights, np.linspace(low, high, LEVELS + 2)[1:-1].tolist()


def _path(found: Landscape, look: Look, room: Rect, theme: Theme) -> list[Mark]:
    steps = look.trail.steps
    kept = found.path[: len(steps)] if len(steps) else found.path
    if not len(kept):
        kept = np.zeros((1, 2))
    (x0, x1), (y0, y1) = found.x, found.y
    at = np.stack(
        [
            room.x + (kept[:, 0] - x0) / (x1 - x0) * room.width,
            room.bottom - (kept[:, 1] - y0) / (y1 - y0) * room.height,
        ],
        axis=1,
    )
    # The directions need not hold the whole path: what leaves the picture ends at its edge.
    at = np.clip(at, [room.x, room.y], [room.right, room.bottom])
    thick = theme.wire**0.5
    here = _here(found, look)
    if here is None:
        near = int(np.abs(steps - look.step).argmin()) if len(steps) == len(at) else -1
        place = at[[near]]
    else:
        share = (here - (x0, y0)) / (x1 - x0, y1 - y0)
        place = np.array([[room.x + share[0] * room.width, room.bottom - share[1] * room.height]])
        place = np.clip(place, [room.x, room.y], [room.right, room.bottom])
    walked = int((steps <= look.step).sum()) if len(steps) == len(at) else len(at)
    before = np.concatenate([at[:walked], place])
    marks: list[Mark] = []
    if len(at) > 1:
        if walked < len(at):
            ahead = np.concatenate([place, at[walked:]])
            marks.append(Line(ahead, Ink("muted"), 1.2 * thick, (3.0, 3.0)))
        marks += [
            Line(before, Ink("panel"), 4.0 * thick),
            Line(before, Ink("accent"), 1.8 * thick),
            Discs(at[:1], 4.5, Ink("panel"), Ink("accent"), 1.8),
        ]
    marks.append(Discs(place, 5.0, Ink("forward"), Ink("panel"), 1.6))
    return marks


def _here(found: Landscape, look: Look) -> Array | None:
    """Where the weights that are shown lie in the plane, whatever step they are of."""
    keys = [key for key in look.project.graph.keys(Kind.WEIGHT) if key in look.weights]
    if found.plane is None or not keys:
        return None
    vector = np.concatenate([np.ravel(look.weights[key]) for key in keys])
    if vector.shape != found.plane.centre.shape or not np.isfinite(vector).all():
        return None
    place: Array = found.plane.places(vector[np.newaxis])[0]
    return place


def _words(found: Landscape, theme: Theme) -> list[Text]:
    """What is said of it, each line still without a place."""
    size, finite = SMALL * theme.type, found.losses[np.isfinite(found.losses)]
    if not len(finite):
        return []
    low, high = digits.small(float(finite.min())), digits.small(float(finite.max()))
    told = _("loss {value}").format(value=f"{low} … {high}")
    words = [Text(0, 0, (Span(told, "text", MONO),), size)]
    if found.share == found.share:
        share = _("{share} of the way lies in this plane").format(share=f"{found.share:.0%}")
        words.append(Text(0, 0, (Span(share, "muted"),), size))
    return words


def _table(found: Landscape) -> Table:
    x = np.linspace(*found.x, found.losses.shape[1])
    y = np.linspace(*found.y, found.losses.shape[0])
    rows = [
        ["grid", a, b, loss]
        for b, line in zip(y.tolist(), found.losses.tolist(), strict=True)
        for a, loss in zip(x.tolist(), line, strict=True)
    ]
    path = [["path", *place, ""] for place in found.path.tolist()]
    return Table(["of", "first", "second", "loss"], rows + path)


PLOT = Plot(
    "landscape",
    N_("Loss landscape"),
    N_(
        "The loss over two directions in the space of all weights, darker where it is higher, "
        "with the path that training walked from the ring to the disc."
    ),
    N_(
        "Look whether the path ends in a wide valley or a narrow one, and whether it ran straight "
        "down or zigzagged; of all other directions nothing is seen."
    ),
    draw,
    choices,
    follows=True,
    surveys=True,
)
