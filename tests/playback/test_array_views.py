"""Arrays as pictures: the sensible kind, all of it inside, with the numbers of the array."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.engine.op import Array
from bpstudio.playback.array_views import (
    BINS,
    HEAT,
    HISTOGRAM,
    KINDS,
    MOST_ENTRIES,
    NUMBER,
    VECTOR,
    height,
    marks,
    usual,
)
from bpstudio.playback.digits import read
from bpstudio.playback.marks import Box, Heat, Line, Rect, Text
from bpstudio.playback.palette import THEMES, Theme

RNG = np.random.default_rng(1)
ARRAYS = {
    "one": np.array([[2.5]]),
    "row": np.arange(5.0) - 2,
    "table": RNG.normal(size=(4, 6)),
    "tall": RNG.normal(size=(200, 3)),
    "deep": RNG.normal(size=(3, 4, 5)),
    "many": RNG.normal(size=(400, 300)),
    "flat": np.zeros((4, 4)),
    "broken": np.array([1.0, np.nan, np.inf, -2.0]),
}


def drawn(kind: str, array: Array, theme: Theme, width: float = 210.0) -> tuple[Rect, list[object]]:
    rect = Rect(3.0, 5.0, width, height(kind, array, width, theme))
    return rect, list(marks(kind, array, rect, "value", theme))


def test_the_kind_that_says_most_comes_first() -> None:
    found = {name: usual(array) for name, array in ARRAYS.items()}
    assert found == {
        "one": NUMBER,
        "row": VECTOR,
        "table": HEAT,
        "tall": HEAT,
        "deep": HISTOGRAM,
        "many": HISTOGRAM,
        "flat": HEAT,
        "broken": VECTOR,
    }


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", list(ARRAYS))
def test_everything_is_inside(name: str, kind: str, theme: str) -> None:
    rect, found = drawn(kind, ARRAYS[name], THEMES[theme])
    room = rect.grown(1.5)
    for mark in found:
        if isinstance(mark, Box | Heat):
            assert mark.rect.x >= room.x and mark.rect.right <= room.right
            assert mark.rect.y >= room.y and mark.rect.bottom <= room.bottom
        elif isinstance(mark, Line):
            assert (mark.points >= [room.x, room.y]).all()
            assert (mark.points <= [room.right, room.bottom]).all()
        elif isinstance(mark, Text):
            assert mark.rect.y >= room.y and mark.rect.bottom <= room.bottom + 2.0


def test_a_vector_has_its_numbers_and_says_that_there_are_more() -> None:
    _, found = drawn(VECTOR, ARRAYS["row"], THEMES["light"])
    texts = [mark.spans[0].text for mark in found if isinstance(mark, Text)]
    assert [read(text) for text in texts] == ARRAYS["row"].tolist()
    _, found = drawn(VECTOR, ARRAYS["deep"], THEMES["light"])
    texts = [mark.spans[0].text for mark in found if isinstance(mark, Text)]
    assert len(texts) == MOST_ENTRIES + 1 and texts[-1] == "…"


def test_a_heat_map_has_the_entries_by_sign() -> None:
    _, found = drawn(HEAT, ARRAYS["table"], THEMES["light"])
    (heat,) = [mark for mark in found if isinstance(mark, Heat)]
    np.testing.assert_allclose(heat.values * np.abs(ARRAYS["table"]).max(), ARRAYS["table"])
    _, found = drawn(HEAT, ARRAYS["deep"], THEMES["light"])
    (heat,) = [mark for mark in found if isinstance(mark, Heat)]
    assert heat.values.shape == (12, 5)


def test_the_bars_of_a_histogram_are_as_high_as_there_are_numbers() -> None:
    array = np.concatenate([np.zeros(30), np.full(10, 1.0)])
    _, found = drawn(HISTOGRAM, array, THEMES["light"])
    bars = [mark.rect for mark in found if isinstance(mark, Box)]
    assert len(bars) == 2 and bars[0].x < bars[1].x
    assert bars[1].height / bars[0].height == pytest.approx(1 / 3, rel=0.05)
    assert bars[1].right - bars[0].x == pytest.approx(210.0, abs=2.0)
    assert BINS > 2
