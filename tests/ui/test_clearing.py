"""Where a box over the network covers least."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bpstudio.playback.marks import Rect
from bpstudio.playback.scene import laid_out, scene
from bpstudio.ui.canvas.clearing import clear_place, covered, is_clear
from bpstudio.ui.canvas.view import View
from tests.playback.drawing import network


@pytest.mark.parametrize("seed", range(12))
def test_no_place_of_the_grid_covers_less(seed: int) -> None:
    chance = random.Random(seed)
    parts = [(chance.randrange(400), chance.randrange(300)) for _ in range(chance.randrange(1, 30))]
    weights = [chance.choice((1.0, 4.0)) for _ in parts]
    taken = np.array(
        [(x, y, x + 70, y + 50, w) for (x, y), w in zip(parts, weights, strict=True)], dtype=float
    )
    wish = (float(chance.randrange(14, 250)), float(chance.randrange(14, 200)))

    def cost(x: float, y: float) -> float:
        pixels = np.zeros((300, 400))
        for left, top, right, bottom, weight in taken.astype(int).tolist():
            pixels[top:bottom, left:right] += weight
        return float(pixels[int(y) : int(y) + 60, int(x) : int(x) + 120].sum())

    x, y = clear_place(taken, wish, None, (120.0, 60.0), (400, 300), 14.0)
    places = [(a, b) for a in range(14, 267, 16) for b in range(14, 227, 16)]
    assert cost(x, y) <= min(cost(*wish), *(cost(a, b) for a, b in places))
    assert is_clear(taken, (x, y), (120.0, 60.0)) == (cost(x, y) == 0)


def test_what_is_covered_follows_the_view() -> None:
    here = scene(laid_out(network()))
    near = covered(here, View(), (1280, 800))
    moved = covered(here, View(-100.0, -50.0, 1.0), (1280, 800))
    nodes = [body.rect for body in here.each if body.rect.meets(Rect(0, 0, 1280, 800))]
    assert (near[:, 4] == 4.0).sum() == len(nodes) > 0
    left = {round(x) for x in near[near[:, 4] == 4.0, 0].tolist()}
    assert left <= {round(x - 100) for x in moved[moved[:, 4] == 4.0, 0].tolist()}
    twice = covered(here, View(0.0, 0.0, 0.5), (1280, 800))
    assert len(twice) >= len(near)
    assert len(covered(here, View(1e6, 1e6), (1280, 800))) == 0
