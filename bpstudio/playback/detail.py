"""How much of a network is drawn: the nearer one looks, the more.

Far away there are coloured shapes and what flows between them; in the middle titles, numbers on
wires and the pictures of neurons; near by formulas, heat maps of weights, curves and shapes.
"""

from __future__ import annotations

import numpy as np

from bpstudio.playback.bodies import DATA, LAYER, LOSS, Body
from bpstudio.playback.ground import outline
from bpstudio.playback.marks import Box, Ink, Mark
from bpstudio.playback.palette import category_role

FAR, MIDDLE, NEAR = DETAILS = ("far", "middle", "near")

_BANDS = ((0.27, 0.31), (0.76, 0.85))
"""Scales, in pixels per canvas unit, below which one goes one detail back and above which one goes
one on; between the two it stays, so that nothing flickers."""


def detail_at(scale: float, before: str | None = None) -> str:
    """What is drawn at a scale, coming from another detail."""
    at = DETAILS.index(before) if before is not None else int(np.searchsorted(_MIDDLES, scale))
    while at < len(_BANDS) and scale >= _BANDS[at][1]:
        at += 1
    while at > 0 and scale < _BANDS[at - 1][0]:
        at -= 1
    return DETAILS[at]


_MIDDLES = tuple((low + high) / 2 for low, high in _BANDS)


def shape(body: Body) -> tuple[Mark, ...]:
    """A body as it is seen from far away: its outline in the colour of its category."""
    role = category_role(body.node.op.category)
    if body.kind in (DATA, LAYER, LOSS):
        return (Box(body.rect, outline(body), Ink(role, 0.3), Ink(role), 5.0),)
    return (Box(body.rect.grown(3.0), outline(body) + 3.0, Ink(role, 0.9), Ink("canvas"), 2.0),)
