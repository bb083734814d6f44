"""What is written on bodies: sizes, losses, badges; from near by formulas, weights, curves too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from PySide6.QtGui import QPainter

from bpstudio.playback import flow
from bpstudio.playback.bodies import FOOTER, LAYER, LOSS, Body
from bpstudio.playback.detail import FAR, NEAR
from bpstudio.playback.flow import Moving
from bpstudio.playback.marks import Rect
from bpstudio.playback.near import formulas, near
from bpstudio.playback.scene import Scene
from bpstudio.ui.canvas.badging import Badging
from bpstudio.ui.canvas.inscriptions import Inscriptions
from bpstudio.ui.painter import paint_marks


def paint(
    painter: QPainter,
    moving: Moving,
    detail: str,
    badging: Badging,
    inscriptions: Inscriptions,
    bodies: Collection[Body],
    part: Rect | None = None,
) -> None:
    """What is written on these bodies, at least what meets a part of the canvas."""
    if detail == FAR:
        return
    theme = moving.scene.theme
    written = {id: body for body in bodies if body.kind in (LAYER, LOSS) for id in body.ids}
    if written:
        alone = replace(moving, scene=replace(moving.scene, bodies=written))
        paint_marks(painter, flow.readings(alone), theme)
    if detail == NEAR:
        paint_marks(painter, near(moving, bodies, part), theme)
        inscriptions.paint(painter, formulas(moving.scene, bodies, part), theme)
    paint_marks(painter, badging.marks(moving.scene, moving.instant, bodies), theme)


@lru_cache(maxsize=2)
def places(scene: Scene, detail: str) -> tuple[Rect, ...]:
    """Where the readings of layers and losses stand, which change with what is shown."""
    written = [body for body in scene.each if body.kind in (LAYER, LOSS)]
    whole = [detail == NEAR or body.kind == LOSS for body in written]
    return tuple(
        body.rect if all_of_it else _foot(body)
        for body, all_of_it in zip(written, whole, strict=True)
    )


def _foot(body: Body) -> Rect:
    """Where on a layer the sizes of gradients and updates are written."""
    high = FOOTER * body.type
    return Rect(body.rect.x, body.rect.bottom - high, body.rect.width, high)
