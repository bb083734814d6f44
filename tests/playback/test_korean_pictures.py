"""Pictures in Korean keep the rules of those in English: nothing overlaps, nothing is cut off.

The tests are those of test_picture.py, said once more.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bpstudio import language
from bpstudio.engine.op import catalog
from bpstudio.playback.bodies import bodies
from bpstudio.playback.metrics import has_glyph
from bpstudio.playback.picture import picture
from bpstudio.project.project import Project
from tests.playback import test_picture
from tests.playback.drawing import alone, network, neuron, timeline

test_no_text_lies_on_another = test_picture.test_no_text_lies_on_another
test_what_stands_in_a_body_fits_into_it = test_picture.test_what_stands_in_a_body_fits_into_it
test_the_caption_covers_no_body = test_picture.test_the_caption_covers_no_body

# Stands in rules such as xᵀ @ g in both languages, and comes from a font of the system.
MATHEMATICAL = frozenset("ᵀ")


@pytest.fixture(autouse=True)
def korean() -> Iterator[None]:
    language.set_language("ko")
    yield
    language.set_language("en")


@pytest.mark.parametrize("project", [neuron(), network()], ids=["neuron", "xor"])
def test_every_letter_of_a_picture_can_be_drawn(project: Project) -> None:
    letters = {
        letter
        for instant in test_picture.instants(timeline(project))
        for text in picture(project, instant).texts()
        for span in text.spans
        for letter in span.text
        if not letter.isascii()
    }
    assert set("단계역전파") <= letters
    assert [letter for letter in sorted(letters - MATHEMATICAL) if not has_glyph(letter)] == []


def test_layers_and_data_have_korean_titles() -> None:
    titles = [body.title for body in bodies(network()).values()]
    assert titles == ["데이터", "완전 연결층 ⟩ tanh", "완전 연결층 ⟩ σ", "BCE 손실"]


@pytest.mark.parametrize("name", [n for n, op in catalog.items() if op.category == "layer"])
def test_the_title_of_a_layer_is_not_shortened(name: str) -> None:
    body = bodies(alone(catalog[name]()))["gate"]
    assert "…" not in body.title
