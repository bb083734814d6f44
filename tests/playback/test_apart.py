"""No number lies on another, on a body or on a name, wherever nodes stand."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bpstudio import resources
from bpstudio.engine.op import Array
from bpstudio.playback.apart import kept_apart
from bpstudio.playback.bodies import GATE, NUMBER, Body
from bpstudio.playback.flow import resting
from bpstudio.playback.ground import names
from bpstudio.playback.labels import Label, labels, visible
from bpstudio.playback.marks import Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import THEMES
from bpstudio.playback.scene import Scene, laid_out, room_taken, scene
from bpstudio.playback.timeline import Timeline
from bpstudio.project import file, placing
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, frozen
from tests.playback.drawing import of_formula, timeline

EXAMPLES = [path.name for path in sorted(resources.path("examples").glob("*.bps"))]
FORMULAS = (
    "sin(x)+exp(x)*x",
    "x*x+x*y",
    "(x+y)*(x-y)*(x+z)",
    "exp(x)*sin(x)+cos(x)*x+x",
    "max(x,y)*x+y/x",
)


def example(name: str) -> Project:
    return file.load(resources.path("examples", name))


def typed(text: str) -> Project:
    """A formula as the quick search puts it on the canvas."""
    return placing.add_formula(Project(), text, (120.0, 80.0), measure=room_taken)


def strewn(seed: int) -> Project:
    """A formula whose nodes somebody pushed about, with all sorts of numbers."""
    chance = random.Random(seed)
    text = f"f = {FORMULAS[seed % len(FORMULAS)]}"
    values = {name: chance.choice((1.0, -123.45, 0.5, -7.25, 31.0)) for name in "xyz"}
    project = placing.add_formula(Project(), text)
    known = {f"{name}.value": frozen(values[name]) for name in "xyz" if name in project.graph.nodes}
    near = chance.choice((12.0, 40.0, 90.0))
    places = {
        id: (x + chance.uniform(-near, near), y + chance.uniform(-near, near))
        for id, (x, y) in project.places.items()
    }
    return replace(project, given=known, places=places)


def standing(here: Scene, line: Timeline) -> Iterator[tuple[Rect, str]]:
    """What is written beside bodies once everything has happened."""
    size = NUMBER * here.theme.type
    instant = resting(line.recording)
    for label in labels(here, line, here.each):
        if visible(label, instant) > 0:
            words = (Span(label.text(line.recording), label.role, MONO, 700),)
            yield Text(label.x, label.y, words, size, "middle").rect, words[0].text
    for text in names(here, here.each):
        yield text.rect, "".join(span.text for span in text.spans)


def lies_on(rect: Rect, body: Body) -> bool:
    """Whether a number covers a part of a body; about a circle there is room at the corners."""
    if body.kind != GATE:
        return rect.meets(body.rect)
    x, y = body.rect.centre
    nearest = min(max(x, rect.x), rect.right), min(max(y, rect.y), rect.bottom)
    return bool(np.hypot(nearest[0] - x, nearest[1] - y) < 0.7 * body.rect.width / 2)


def check(project: Project, theme: str = "light") -> None:
    here, line = scene(project, THEMES[theme]), Timeline(iteration(project))
    written = list(standing(here, line))
    overlapping = [
        (a, b) for (one, a), (other, b) in itertools.combinations(written, 2) if one.meets(other)
    ]
    assert overlapping == []
    over = [(text, b.node.id) for rect, text in written for b in here.each if lies_on(rect, b)]
    assert over == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_numbers_of_examples_lie_on_nothing(name: str) -> None:
    check(example(name))


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("text", FORMULAS)
def test_numbers_of_a_typed_formula_lie_on_nothing(text: str, theme: str) -> None:
    check(typed(text), theme)


@pytest.mark.parametrize("seed", range(40))
def test_numbers_lie_on_nothing_wherever_nodes_were_pushed(seed: int) -> None:
    check(strewn(seed))


@pytest.mark.parametrize("text", FORMULAS)
def test_where_a_network_is_laid_out_every_number_has_room(text: str) -> None:
    for project in (typed(text), laid_out(typed(text))):
        here, line = scene(project), timeline(project)
        found = list(labels(here, line, here.each))
        wires = sum(len(line.forks[id]) for id in line.forks)
        assert len(found) == len(line.known_at) + len(line.arrived_at) + wires


def places(project: Project) -> list[Label]:
    here = scene(project)
    return sorted(labels(here, timeline(project), here.each), key=repr)


def test_where_numbers_stand_does_not_depend_on_what_they_are() -> None:
    project = strewn(3)
    other = {key: frozen(-0.001 * value) for key, value in project.given.items()}
    assert places(project) == places(replace(project, given=other))


def test_a_part_of_a_network_has_the_numbers_that_it_has_in_the_whole() -> None:
    project = strewn(4)
    here, line = scene(project), timeline(project)
    parts = [label for body in reversed(here.each) for label in labels(here, line, [body])]
    assert Counter(parts) == Counter(labels(here, line, here.each))


def test_a_value_without_room_beside_its_node_stands_above_it() -> None:
    project = of_formula("x * y", x=2, y=3)
    project = replace(project, places={"x": (0, 0), "y": (0, 90), "multiply1": (78, 0)})
    here, line = scene(project), timeline(project)
    body = here.bodies["x"]
    heights = {label.role: label.y for label in labels(here, line, [body]) if label.key == "x"}
    assert heights["gradient"] < heights["forward"] < body.rect.y


def rows(*rects: tuple[float, float, float, float]) -> Array:
    return np.array(rects, dtype=float).reshape(-1, 4)


def test_the_first_in_order_choose_first_and_what_is_alone_stays() -> None:
    wanted = rows((0, 0, 10, 10), (4, 4, 14, 14), (5, 0, 15, 10), (90, 0, 95, 5))
    moved = rows((20, 0, 30, 10))
    found = kept_apart(rows(), wanted, lambda _index: moved)
    assert found[0].tolist() == [0, 0, 10, 10], "nobody before it stands there"
    assert found[1].tolist() == [20, 0, 30, 10]
    assert np.isnan(found[2]).all(), "both of its places are taken"
    assert found[3].tolist() == [90, 0, 95, 5]


def test_nothing_stands_on_what_is_there_and_touching_is_no_overlap() -> None:
    wanted = rows((0, 0, 10, 10), (10, 0, 20, 10))
    tall = rows((10, -500, 12, 500))
    found = kept_apart(tall, wanted, lambda _index: rows((12, 0, 22, 10)))
    assert found.tolist() == [[0, 0, 10, 10], [12, 0, 22, 10]]
    assert kept_apart(rows(), rows(), lambda _index: rows()).shape == (0, 4)
