"""The view in which each node is coloured by how wrong its gradient is."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from bpstudio.playback.palette import Theme
from bpstudio.playback.scene import Scene
from bpstudio.playback.tint import Tint, legend, tinted
from bpstudio.ui.painter import paint_marks


def paint_tint(painter: QPainter, scene: Scene, tint: Tint) -> None:
    """The errors, over the network, in canvas units."""
    paint_marks(painter, tuple(tinted(scene, tint)), scene.theme)


def paint_legend(painter: QPainter, width: float, tint: Tint, theme: Theme) -> None:
    """What the colours mean, in pixels of the widget."""
    paint_marks(painter, tuple(legend(tint, width, theme)), theme)
