"""What is drawn where: bodies, wires, numbers and captions that keep out of each other's way."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from bpstudio.engine.op import catalog
from bpstudio.exchange.diagram import svg
from bpstudio.playback import flow, metrics
from bpstudio.playback.bodies import (
    GATE,
    LAYER,
    MOST_NEURONS,
    bodies,
    docked,
    node_size,
    node_sizes,
    own_name,
    symbol,
)
from bpstudio.playback.easing import settled, smooth, travelled
from bpstudio.playback.marks import Box, Curves, Heat, Numbers, Picture, Rect, Text, name_spans
from bpstudio.playback.palette import THEMES
from bpstudio.playback.picture import caption_marks, caption_of, caption_place, picture
from bpstudio.playback.planes import planes
from bpstudio.playback.scene import arranged, laid_out, scene
from bpstudio.playback.timeline import BACKWARD, FORWARD, UPDATE, Instant, Timeline
from bpstudio.project import edits, opening
from bpstudio.project.project import Project
from tests.playback.drawing import alone, network, neuron, of_formula, timeline


def opened(project: Project, *steps: tuple[str, str]) -> Project:
    """The project laid out, with one node after another opened."""
    project = laid_out(project)
    for id, level in steps:
        project = opening.unfold(project, id, level)
    return project


STANDARD = {
    "neuron": neuron(),
    "fork": of_formula("f = (x+y)*z + max(x, z)", x=-2, y=5, z=-4),
    "long names": of_formula("alpha*beta + gamma/delta", alpha=-123.4, beta=5, gamma=2, delta=-4),
    "xor": network(),
    "spiral": network("spiral", (2, 16, 16, 2)),
    "sine": network("sine", (1, 8, 1)),
    "opened sigmoid": opened(
        of_formula("f = sigmoid(w0*x0+w1*x1+w2)", w0=2, x0=-1, w1=-3, x1=-2, w2=-3), ("f", "")
    ),
    "opened neurons": opened(network(), ("dense1", "neurons")),
    "opened matrices": opened(network(), ("dense2", "matrices")),
}


def instants(line: Timeline) -> list[Instant]:
    found = [line.rest(phase) for phase in (FORWARD, BACKWARD, UPDATE)]
    return found + [line.still_at(m.number) for m in line.moments]


def overlaps(drawn: Picture) -> list[tuple[str, str]]:
    """Pairs of texts that lie on each other."""
    texts = [(text.rect, "".join(span.text for span in text.spans)) for text in drawn.texts()]
    return [(a[1], b[1]) for a, b in itertools.combinations(texts, 2) if a[0].meets(b[0])]


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("name", list(STANDARD))
def test_no_text_lies_on_another(name: str, theme: str) -> None:
    project = STANDARD[name]
    for instant in instants(timeline(project)):
        drawn = picture(project, instant, theme=THEMES[theme])
        assert overlaps(drawn) == [], (instant.label, instant.t)


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("name", list(STANDARD))
def test_numbers_keep_off_bodies_and_everything_is_in_the_picture(name: str, theme: str) -> None:
    project = STANDARD[name]
    laid_out = scene(project, THEMES[theme])
    for instant in instants(timeline(project)):
        drawn = picture(project, instant, theme=THEMES[theme])
        for mark in drawn.marks:
            if isinstance(mark, Numbers):
                for text, _opacity in mark.lines():
                    hit = [b.node.id for b in laid_out.each if b.rect.meets(text.rect)]
                    assert hit == [], (instant.label, text.spans[0].text)
        inside = drawn.bounds.grown(-2)
        for text in drawn.texts():
            assert inside.x <= text.rect.x and text.rect.right <= inside.right, text.spans
            assert inside.y <= text.rect.y and text.rect.bottom <= inside.bottom, text.spans


@pytest.mark.parametrize("name", list(STANDARD))
def test_what_stands_in_a_body_fits_into_it(name: str) -> None:
    project = STANDARD[name]
    for theme in THEMES.values():
        laid_out = scene(project, theme)
        for body in laid_out.each:
            for tile in body.tiles:
                assert body.rect.x < tile.x and tile.right < body.rect.right
                assert body.rect.y < tile.y and tile.bottom < body.rect.bottom
        texts = [m for m in picture(project, theme=theme).ground if isinstance(m, Text)]
        for text in texts:
            around = [b for b in laid_out.each if b.rect.meets(text.rect)]
            for body in around:
                assert body.rect.x <= text.rect.x, text.spans
                assert text.rect.right <= body.rect.right, text.spans


@pytest.mark.parametrize("name", list(STANDARD))
def test_the_caption_covers_no_body(name: str) -> None:
    project = STANDARD[name]
    laid_out = scene(project)
    line = timeline(project)
    steady = {caption_place(laid_out, i, steady=True) for i in instants(line)[3:]}
    assert len(steady) == 1, "it stays where it is"
    place = steady.pop()
    assert not [b.node.id for b in laid_out.each if b.rect.meets(place)]
    for instant in instants(line):
        box, *texts = caption_marks(caption_of(instant), place, laid_out.theme)
        assert isinstance(box, Box)
        assert box.rect.right <= place.right + 0.01
        for text in texts:
            assert isinstance(text, Text)
            assert box.rect.x < text.rect.x and text.rect.right < box.rect.right
            assert box.rect.y < text.rect.y and text.rect.bottom < box.rect.bottom


@pytest.mark.parametrize("name", list(STANDARD))
def test_wires_lead_past_bodies_and_bodies_stand_apart(name: str) -> None:
    laid_out = scene(STANDARD[name])
    for a, b in itertools.combinations(laid_out.each, 2):
        assert not a.rect.meets(b.rect), (a.node.id, b.node.id)
    for path in laid_out.paths:
        own = {laid_out.bodies[path.source].node.id, laid_out.bodies[path.target].node.id}
        for body in laid_out.each:
            if body.node.id in own or path.weight:
                continue
            inside = (path.points[0] > body.rect[:2]) & (
                path.points[0] < (body.rect.right, body.rect.bottom)
            )
            assert not inside.all(axis=1).any(), (path.wire, body.node.id)


@pytest.mark.parametrize("name", list(catalog))
def test_every_gate_has_a_picture(name: str) -> None:
    op = catalog[name]()
    assert all(map(metrics.has_glyph, symbol(op).replace(" ", ""))), symbol(op)
    project = alone(op)
    body = bodies(project)["gate"]
    assert body.face or body.title
    assert min(node_size(project, "gate")) > 20
    assert picture(project).bounds.width > 0


def test_an_activation_docks_to_its_layer() -> None:
    project = network()
    assert docked(project) == {"tanh1": "dense1", "sigmoid1": "dense2"}
    layer = bodies(project)["dense1"]
    assert (layer.kind, layer.ids) == (LAYER, ("dense1", "tanh1"))
    assert (layer.title, layer.subtitle) == ("Dense ⟩ tanh", "2→4 · 12 p")
    assert len(layer.tiles) == 4
    assert "tanh1" not in node_sizes(project)
    assert node_size(project, "tanh1") == (0.0, 0.0)


def test_a_loss_says_over_how_many_rows_it_is_the_mean() -> None:
    assert bodies(network())["loss1"].subtitle == "mean of 4"
    assert bodies(network("spiral", (2, 4, 2)))["loss1"].subtitle == "mean of 32"


def test_a_softmax_beside_the_loss_docks_but_a_forked_activation_does_not() -> None:
    assert docked(network("spiral", (2, 4, 2)))["softmax1"] == "dense2"
    shared = of_formula("tanh(x) * x", x=1)
    assert docked(shared) == {}


def test_gates_are_circles_with_their_sign() -> None:
    found = bodies(neuron())
    assert found["multiply1"].kind == GATE
    assert found["multiply1"].rect.width == found["multiply1"].rect.height
    assert found["multiply1"].face[0].text == "×"
    assert [span.text for span in found["w0"].face] == ["w", "0"]
    (x, y), (x2, y2) = found["multiply1"].inputs().values()
    assert y == -y2 and x == x2 < 0
    assert np.hypot(x, y) == pytest.approx(26)


def test_wires_between_neurons_show_sign_and_size() -> None:
    project = network()
    weights = {**project.weights, "dense2.weight": np.array([[-2.0], [1.0], [0.5], [-0.25]])}
    project = dataclasses.replace(project, weights=weights)
    drawn = picture(project, timeline(project).rest(FORWARD))
    signs = {m.ink.role: m for m in drawn.state if isinstance(m, Curves)}
    weight = np.concatenate([weights["dense1.weight"].ravel(), weights["dense2.weight"].ravel()])
    assert len(signs["negative"].widths) == (weight < 0).sum()
    assert len(signs["positive"].widths) == (weight >= 0).sum()
    assert signs["negative"].widths.max() == pytest.approx(6.0)
    assert signs["positive"].widths.max() < 6.0


def test_wide_layers_are_capped() -> None:
    found = scene(network("spiral", (2, 64, 64, 2)))
    assert len(found.bodies["dense1"].tiles) == MOST_NEURONS - 1
    assert max(len(path.controls) for path in found.paths) <= MOST_NEURONS**2
    names = [m for m in picture(found.project).ground if isinstance(m, Text)]
    assert "+ 57 more" in {text.spans[0].text for text in names}


def test_neurons_show_what_they_compute() -> None:
    project = network()
    weights = {**project.weights, "dense1.weight": np.array([[0, 9, 0, 0], [9, 0, 0, 0.0]])}
    weights["dense1.bias"] = np.array([-4.5, -4.5, 0, 0])
    shown = planes(dataclasses.replace(project, weights=weights), cells=8)
    assert set(shown) == {"data1", "tanh1", "sigmoid1"}
    assert shown["tanh1"].shape == (4, 8, 8)
    assert shown["tanh1"][0, 0].min() > 0.9, "large x2 is at the top"
    assert shown["tanh1"][0, -1].max() < -0.9
    assert shown["tanh1"][1, :, -1].min() > 0.9, "large x1 is at the right"
    assert shown["data1"][0, 0, 0] == -shown["data1"][0, 0, -1] == pytest.approx(-1)
    drawn = picture(project, planes=shown)
    assert sum(isinstance(mark, Heat) for mark in drawn.state) == 7


def test_more_inputs_than_two_show_rows_instead() -> None:
    from bpstudio.data.dataset import Dataset
    from bpstudio.project import build

    rng = np.random.default_rng(0)
    data = Dataset("five", rng.normal(size=(40, 5)), rng.integers(0, 2, 40), ("a", "b"))
    project = build.network(data, (5, 3, 1))
    assert planes(project) == {}
    strips = planes(project, recording=timeline(project).recording)
    assert strips["tanh1"].shape == (3, 1, 24)


def test_values_stand_above_and_gradients_below_their_wire() -> None:
    project = of_formula("(x+y)*z", x=-2, y=5, z=-4)
    line = timeline(project)
    numbers = {
        m.role: m for m in picture(project, line.rest(BACKWARD)).state if isinstance(m, Numbers)
    }
    assert sorted(numbers["forward"].texts) == ["3.00", "5.00", "−12.00", "−2.00", "−4.00"]
    assert sorted(numbers["gradient"].texts) == ["1.00", "3.00", "−4.00", "−4.00", "−4.00"]
    laid_out = scene(project)
    for body in laid_out.each:
        x, level = laid_out.label_at(body.node.id)
        above = [y for px, y in numbers["forward"].at.tolist() if px == x and y < level]
        below = [y for px, y in numbers["gradient"].at.tolist() if px == x and y > level]
        assert above and below
    forward = picture(project, line.rest(FORWARD)).state
    assert not [m for m in forward if isinstance(m, Numbers) and m.role == "gradient"]


def test_a_number_appears_once_its_pulse_has_arrived() -> None:
    project = of_formula("x + 1", x=1)
    line = timeline(project)

    def opacity(t: float) -> float:
        drawn = picture(project, line.at(t))
        found = [
            opacity
            for mark in drawn.marks
            if isinstance(mark, Numbers) and mark.role == "forward"
            for text, opacity in mark.lines()
            if text.spans[0].text == "2.00"
        ]
        return found[0] if found else 0.0

    assert opacity(0.5) == 0
    assert 0 < opacity(0.8) < 1
    assert opacity(1.0) == 1


def test_the_current_node_glows() -> None:
    project = neuron()
    line = timeline(project)
    marks = flow.live(flow.Moving(scene(project), line.still_at(13), {}, {}))
    rings = [m for m in marks if isinstance(m, Box)]
    centre = scene(project).bodies[line.moments[12].node].rect.centre
    assert len(rings) == 2
    assert all(ring.rect.centre == pytest.approx(centre) for ring in rings)
    assert {ring.stroke.role for ring in rings if ring.stroke} == {"accent"}


def test_placed_nodes_stay_and_others_are_arranged() -> None:
    project = of_formula("x + y", x=1, y=2)
    places = {"x": (0.0, 0.0), "y": (5.0, 300.0), "add1": (400.0, 77.0)}
    found = scene(dataclasses.replace(project, places=places))
    assert {id: body.rect.centre for id, body in found.bodies.items()} == places
    assert set(arranged(project)) == set(places)
    assert scene(dataclasses.replace(project, places={})).bodies["x"].rect.x < 100


def test_an_unfinished_network_can_be_drawn() -> None:
    from bpstudio.engine.graph import Graph, Node

    nodes = {"a": Node("a", catalog["add"]()), "d": Node("d", catalog["dense"](), {"x": ("a",)})}
    project = Project(graph=Graph(nodes))
    assert picture(project).ground
    assert picture(Project()).marks == ()


def test_names() -> None:
    assert [s.text for s in name_spans("w12")] == ["w", "12"]
    assert [s.text for s in name_spans("x_0")] == ["x", "0"]
    assert [s.text for s in name_spans("dense1")] == ["dense1"]
    project = of_formula("f = x * y", x=1, y=2)
    assert own_name(project.graph["f"]) == "f"
    assert own_name(of_formula("x * y", x=1, y=2).graph["multiply1"]) == ""


def test_motion_starts_and_ends_gently() -> None:
    assert [smooth(s) for s in (-1, 0, 0.5, 1, 2)] == [0, 0, 0.5, 1, 1]
    assert smooth(0.1) < 0.1 and smooth(0.9) > 0.9
    assert travelled(0.75) == 1 and settled(0.75) == 0 and settled(1) == 1


def test_rectangles() -> None:
    one = Rect(0, 0, 10, 10)
    assert one.meets(Rect(9, 9, 5, 5)) and not one.meets(Rect(10, 0, 5, 5))
    assert one.grown(2) == Rect(-2, -2, 14, 14)


def test_what_stands_opened_stands_in_a_titled_box() -> None:
    project = STANDARD["opened sigmoid"]
    here = scene(project)
    (frame,) = here.frames
    assert (frame.id, frame.text) == ("f", "σ Sigmoid f, opened")
    assert frame.members == set(project.groups["f"].members)
    for body in here.each:
        inside = body.node.id in frame.members
        assert frame.rect.meets(body.rect) == inside, body.node.id
        assert not frame.head.meets(body.rect), body.node.id
    assert frame.title.rect.right < frame.mark.x
    moved = {id: (x, y + 50) for id, (x, y) in here.project.places.items() if id in frame.members}
    below = scene(edits.move(project, moved)).frames[0]
    assert below.rect == frame.rect._replace(y=frame.rect.y + 50)


def test_boxes_lie_in_each_other() -> None:
    project = opened(network(), ("dense1", "neurons"))
    inner = project.groups["dense1"].members[1]
    here = scene(opening.unfold(project, inner, "matrices"))
    outer, inside = here.frames
    assert (outer.id, inside.id) == ("dense1", inner)
    assert inside.members < outer.members
    assert inside.rect.y >= outer.head.bottom
    assert inside.rect.x > outer.rect.x and inside.rect.right < outer.rect.right
    assert inside.rect.bottom < outer.rect.bottom


def test_boxes_are_in_every_picture() -> None:
    drawn = picture(STANDARD["opened sigmoid"])
    (dashed,) = [m for m in drawn.ground if isinstance(m, Box) and m.dash]
    assert drawn.ground[0] is dashed, "behind everything else"
    assert "σ Sigmoid f, opened" in svg(drawn).replace("</tspan>", "")
    assert "stroke-dasharray" in svg(drawn)
    closed = picture(opening.fold(STANDARD["opened sigmoid"], ["f"]))
    assert not [m for m in closed.ground if isinstance(m, Box) and m.dash]
