"""Curves in short pieces: together they are the curves, and what is seen of them is enough."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from bpstudio.playback import flow
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import LIGHT
from bpstudio.playback.wires import LEAD, curves, in_halves, sampled
from bpstudio.ui.canvas.runs import Pieces
from bpstudio.ui.canvas.wiring import draw_curves

STARTS = np.array([[10.0, 20.0], [30.0, 180.0], [-900.0, 90.0]])
ENDS = np.array([[380.0, 150.0], [290.0, 40.0], [1200.0, 110.0]])


@pytest.fixture
def pieces() -> Pieces:
    """Three wires; the last runs far beyond the image on both sides."""
    return Pieces(in_halves(curves(STARTS, ENDS, LEAD)))


def drawn(pieces: Pieces, parts: list[Rect], dash: tuple[float, ...]) -> QImage:
    """What these parts of an image of 400 × 200 show."""
    image = QImage(400, 200, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    with QPainter(image) as painter:
        for part in parts:
            painter.setClipRect(QRectF(*part))
            every = np.ones(3, dtype=bool)
            draw_curves(painter, pieces, every, [part.grown(4.0)], flow.KNOWN, LIGHT, dash)
    return image


def test_the_pieces_are_the_curves_and_the_lengths_theirs(pieces: Pieces) -> None:
    for row, first, controls in pieces.runs(np.ones(3, dtype=bool), [Rect(-2e3, -2e3, 4e3, 4e3)]):
        assert first == 0
        # Twice as many samples: every second one is the one of the whole curve.
        halves, whole = sampled(controls[None])[0], sampled(pieces.controls[row : row + 1])[0]
        assert halves[::2] == pytest.approx(whole)
        length = np.hypot(*np.diff(halves, axis=0).T).sum()
        assert pieces.before(row, len(pieces.cubics[row])) == pytest.approx(length, rel=1e-3)
        assert pieces.before(row, 0) == 0.0


def test_only_what_meets_a_part_is_drawn(pieces: Pieces) -> None:
    part = Rect(0.0, 80.0, 40.0, 40.0)
    (far,) = pieces.runs(np.array([False, False, True]), [part])
    assert 4 <= len(far[2]) < 1 + 3 * pieces.cubics.shape[1]
    assert far[2][:, 0].min() <= part.x and far[2][:, 0].max() >= part.right
    assert not list(pieces.runs(np.ones(3, dtype=bool), [Rect(0.0, 400.0, 50.0, 50.0)]))
    assert not list(pieces.runs(np.zeros(3, dtype=bool), [part]))


@pytest.mark.parametrize("dash", [(), flow.DASH])
def test_part_by_part_is_the_same_as_at_once(
    dressed: QApplication, pieces: Pieces, dash: tuple[float, ...]
) -> None:
    whole = drawn(pieces, [Rect(0.0, 0.0, 400.0, 200.0)], dash)
    tiles = [Rect(x, y, 50.0, 50.0) for x in range(0, 400, 50) for y in range(0, 200, 50)]
    apart = drawn(pieces, tiles, dash)
    one, two = (
        np.frombuffer(bytes(image.constBits()), dtype=np.uint8).astype(int)
        for image in (whole, apart)
    )
    assert (one < 200).sum() > 500
    assert np.abs(one - two).max() <= 24
