"""Starting weights: their spread, their streams, and what is kept."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bpstudio.engine import graph as graphs
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.initial import fans, initialisers, starting, stream
from bpstudio.engine.ops.activation import Tanh
from bpstudio.engine.ops.arithmetic import Multiply
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.source import Data, Parameter
from bpstudio.engine.shapes import Shape

GIVEN = {"data1.rows": Shape((3,), True)}
INPUTS, UNITS = 200, 300
KNOWN = [1.4915011344190618, -2.123450064249518, -0.6064096691191188, -0.18094110663244733]
DEVIATIONS = {
    "xavier": math.sqrt(2 / (INPUTS + UNITS)),
    "he": math.sqrt(2 / INPUTS),
    "normal": 1.0,
    "uniform": 1 / math.sqrt(3 * INPUTS),
    "zeros": 0.0,
    "constant": 0.0,
}


def network(initial: str = "xavier") -> Graph:
    nodes = [
        Node("data1", Data()),
        Node("dense1", Dense(units=4, initial=initial), {"x": ("data1",)}),
        Node("tanh1", Tanh(), {"x": ("dense1",)}),
        Node("dense2", Dense(units=2), {"x": ("tanh1",)}),
    ]
    return Graph({node.id: node for node in nodes})


def test_every_weight_starts_and_no_other_value() -> None:
    start = starting(network(), GIVEN, seed=1)
    assert {key: value.shape for key, value in start.items()} == {
        "dense1.weight": (3, 4),
        "dense1.bias": (4,),
        "dense2.weight": (4, 2),
        "dense2.bias": (2,),
    }
    assert not start["dense1.bias"].any() and start["dense1.weight"].all()
    assert all(v.dtype == np.float64 and not v.flags.writeable for v in start.values())


def test_the_same_seed_gives_the_same_start_and_another_another() -> None:
    first, again, other = (starting(network(), GIVEN, seed) for seed in (1, 1, 2))
    assert all(first[key].tobytes() == again[key].tobytes() for key in first)
    assert (first["dense1.weight"] != other["dense1.weight"]).all()


def test_the_start_is_the_same_on_every_machine() -> None:
    drawn = starting(network("normal"), GIVEN, seed=1)["dense1.weight"][0]
    np.testing.assert_allclose(drawn, KNOWN, rtol=1e-12)


def test_adding_a_node_changes_no_other_start() -> None:
    before = starting(network(), GIVEN, seed=1)
    grown = graphs.add(network(), Node("dense0", Dense(units=7), {"x": ("data1",)}))
    reordered = Graph(dict(reversed(list(grown.nodes.items()))))
    for bigger in (grown, reordered):
        after = starting(bigger, GIVEN, seed=1)
        assert all(after[key].tobytes() == before[key].tobytes() for key in before)


def test_streams_differ_from_key_to_key() -> None:
    keys = ("dense1.weight", "dense2.weight", "dense1.bias")
    assert len({stream(1, key).integers(2**62) for key in keys}) == 3


def test_weights_are_kept_where_their_shape_still_fits() -> None:
    trained = {key: np.full(w.shape, 9.0) for key, w in starting(network(), GIVEN, 1).items()}
    wider = graphs.put(network(), Node("dense1", Dense(units=5), {"x": ("data1",)}))
    start = starting(wider, GIVEN, 1, keep=trained)
    assert start["dense2.bias"] is trained["dense2.bias"]
    assert start["dense1.weight"].shape == (3, 5) and not (start["dense1.weight"] == 9).any()
    assert start["dense2.weight"].shape == (5, 2)


def test_a_shared_parameter_starts_once_and_the_layer_draws_nothing() -> None:
    shared = graphs.add(network(), Node("w", Parameter(size=(3, 4), initial="he")))
    shared = graphs.connect(shared, "w", "dense1", "weight")
    start = starting(shared, GIVEN, 1)
    assert "dense1.weight" not in start and start["w.value"].shape == (3, 4)


def test_what_can_not_be_known_yet_is_left_out() -> None:
    half = graphs.add(network(), Node("dense3", Dense()))
    half = graphs.add(half, Node("clash", Multiply(), {"a": ("dense1",), "b": ("dense2",)}))
    assert starting(half, GIVEN, 1).keys() == starting(network(), GIVEN, 1).keys()
    assert starting(network(), {}, 1) == {}


@pytest.mark.parametrize("name", initialisers)
def test_the_spread_is_the_one_of_the_formula(name: str) -> None:
    drawn = initialisers[name].draw(stream(1, "w"), (INPUTS, UNITS))
    assert drawn.shape == (INPUTS, UNITS)
    assert drawn.std() == pytest.approx(DEVIATIONS[name], rel=0.02)
    centre = 0.5 if name == "constant" else 0.0
    assert drawn.mean() == pytest.approx(centre, abs=0.02 * DEVIATIONS[name])
    if name in ("xavier", "uniform"):
        assert np.abs(drawn).max() <= math.sqrt(3) * DEVIATIONS[name]


@pytest.mark.parametrize("name", initialisers)
@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (2, 3, 4)])
def test_any_shape_can_be_drawn(name: str, shape: tuple[int, ...]) -> None:
    drawn = initialisers[name].draw(stream(1, "w"), shape)
    assert drawn.shape == shape and np.isfinite(drawn).all()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (1, 1)), ((5,), (5, 1)), ((2, 3), (2, 3)), ((3, 3, 2, 4), (18, 36))],
)
def test_fans(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert fans(shape) == expected


def test_each_initialiser_says_its_formula() -> None:
    for each in initialisers.values():
        assert each.formula.startswith("w") and each.help.endswith(".")
        assert each.source or not each.formula.startswith("w ~")
