"""A picture of a network: what is drawn where, without Qt.

    picture(project)                                    the network
    picture(project, Timeline(recording).at(12.5))      in the middle of the thirteenth moment

The window, the SVG and the tests read the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback import captions, flow
from bpstudio.playback.captions import Caption
from bpstudio.playback.flow import Moving
from bpstudio.playback.ground import ground
from bpstudio.playback.marks import Box, Ink, Mark, Picture, Rect, Span, Text, around, width_of
from bpstudio.playback.metrics import PROSE, width, wrapped
from bpstudio.playback.palette import LIGHT, Theme
from bpstudio.playback.scene import Scene, scene
from bpstudio.playback.timeline import Instant
from bpstudio.project.project import Project

MARGIN = 30.0
CAPTION_WIDTH = 440.0
_TITLE, _WORDS, _NUMBERS = 13.5, 12.5, 13.0
_PAD, _LINE = 18.0, 21.0
_MOST_PLACED = 300


def picture(
    project: Project,
    instant: Instant | None = None,
    *,
    theme: Theme = LIGHT,
    planes: Mapping[str, Array] | None = None,
    weights: Mapping[str, Array] | None = None,
    caption: bool = True,
    steady: bool = False,
) -> Picture:
    """The network, with what runs through it at that instant.

    `planes` has for each node what each of its neurons computes, see `training/probes.py`;
    `weights` stand in for the project's own, while it is trained. With `steady` all captions of the
    timeline have room, so that nothing moves from one instant to the next. Of the theme only the
    sizes of type and wires are used: colours are named by role.
    """
    laid_out = scene(project, theme)
    return drawn(laid_out, instant, planes=planes, weights=weights, caption=caption, steady=steady)


def drawn(
    laid_out: Scene,
    instant: Instant | None = None,
    *,
    planes: Mapping[str, Array] | None = None,
    weights: Mapping[str, Array] | None = None,
    caption: bool = True,
    steady: bool = False,
) -> Picture:
    """As `picture`, for a scene that is laid out already: what a film draws frame after frame."""
    moving = Moving(laid_out, instant, weights or laid_out.project.weights, planes or {})
    state, live = flow.state(moving), flow.live(moving)
    bounds = laid_out.extent
    if caption and instant is not None:
        place = caption_place(laid_out, instant, steady=steady)
        live += caption_marks(caption_of(instant), place, laid_out.theme)
        bounds = around([bounds, place])
    return Picture(bounds.grown(MARGIN), ground(laid_out), state, live)


def caption_of(instant: Instant) -> Caption:
    """What is said at an instant."""
    if instant.moment is None:
        return captions.summary(instant.timeline, instant.phase)
    return captions.caption(instant.timeline, instant.moment)


def caption_size(caption: Caption, theme: Theme) -> tuple[float, float]:
    """How much room a caption takes."""
    type = theme.type
    words = wrapped(caption.words, CAPTION_WIDTH * type, _WORDS * type)
    wide = max(
        [
            width(caption.title, _TITLE * type, PROSE, 600),
            *(width(line, _WORDS * type) for line in words),
            *(width_of(line, _NUMBERS * type) for line in caption.lines),
        ]
    )
    lines = 1 + len(words) + len(caption.lines)
    return wide + 2 * _PAD, (lines * _LINE - 6) * type + 2 * _PAD


def caption_marks(caption: Caption, place: Rect, theme: Theme) -> tuple[Mark, ...]:
    """A caption in its box, at the left upper corner of its place."""
    type = theme.type
    wide, high = caption_size(caption, theme)
    x, y = place.x + _PAD, place.y + _PAD + 10 * type
    rect = Rect(place.x, place.y, wide, high)
    marks: list[Mark] = [Box(rect, 12.0, Ink("panel"), Ink("border"), 1.2)]
    marks.append(Text(x, y, (Span(caption.title, "text", PROSE, 600),), _TITLE * type))
    for line in wrapped(caption.words, CAPTION_WIDTH * type, _WORDS * type):
        y += _LINE * type
        marks.append(Text(x, y + 2, (Span(line, "muted"),), _WORDS * type))
    for spans in caption.lines:
        y += _LINE * type
        marks.append(Text(x, y + 3, spans, _NUMBERS * type))
    return tuple(marks)


def caption_place(laid_out: Scene, instant: Instant, *, steady: bool = False) -> Rect:
    """A free place for the caption: inside the picture where there is room, else below everything.

    With `steady` it is large enough for every caption of the timeline, so that they stay there.
    """
    shown = _samples(instant) if steady else [caption_of(instant)]
    sizes = [caption_size(each, laid_out.theme) for each in shown]
    wide, high = (max(size[axis] for size in sizes) for axis in (0, 1))
    extent = laid_out.extent
    below = Rect(extent.x, extent.bottom + 26, wide, high)
    if len(laid_out.bodies) > _MOST_PLACED or extent.width < wide:
        return below
    found = _free(laid_out, wide, high)
    return below if found is None else Rect(found[0], found[1], wide, high)


def _samples(instant: Instant) -> list[Caption]:
    """The captions that may have to fit: all of a short timeline, else the one at hand."""
    timeline = instant.timeline
    if len(timeline) > 80:
        return [caption_of(instant)]
    return [caption_of(instant)] + [captions.caption(timeline, each) for each in timeline.moments]


def _free(laid_out: Scene, wide: float, high: float) -> tuple[float, float] | None:
    """The left upper corner of the free place that is lowest and nearest to the middle."""
    extent = laid_out.extent
    xs = np.arange(extent.x, extent.right - wide + 1, 12.0)
    ys = np.arange(extent.y, extent.bottom - high + 1, 12.0)
    if not len(xs) or not len(ys):
        return None
    left, top = (grid.ravel() for grid in np.meshgrid(xs, ys))
    free = np.ones(len(left), dtype=bool)
    for rect in _taken(laid_out):
        free &= ~(
            (left < rect.right)
            & (left + wide > rect.x)
            & (top < rect.bottom)
            & (top + high > rect.y)
        )
    if not free.any():
        return None
    off_centre = np.abs(left + wide / 2 - extent.centre[0])
    cost = np.where(free, off_centre - 2.0 * top, np.inf)
    best = int(np.argmin(cost))
    return float(left[best]), float(top[best])


def _taken(laid_out: Scene) -> list[Rect]:
    gap = 16.0
    rects = [body.rect.grown(gap + 4) for body in laid_out.each]
    rects += [frame.rect.grown(gap) for frame in laid_out.frames]
    rects += [slip.rect.grown(gap) for slip in laid_out.slips]
    for path in laid_out.paths:
        for points in path.points:
            rects += [
                Rect(
                    float(min(a[0], b[0])),
                    float(min(a[1], b[1])),
                    float(abs(a[0] - b[0])),
                    float(abs(a[1] - b[1])),
                ).grown(gap)
                for a, b in zip(points[:-4:4], points[4::4], strict=True)
            ]
    for body in laid_out.each:
        for id in body.exits:
            x, y = laid_out.label_at(id)
            rects.append(Rect(x - 34, y - 26, 68, 52).grown(4))
        rects.append(Rect(body.rect.x, body.rect.bottom, body.rect.width, 26))
    return rects
