"""Each diagnosis is made where it was planted, with its numbers and a way out, and never else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import NotFinite
from bpstudio.project import build, edits, runs, tuning
from bpstudio.project.health import examined, remedies
from bpstudio.project.project import Project, frozen
from bpstudio.training.diagnosis import (
    DEAD,
    DIVERGING,
    EXPLODING,
    IMBALANCED,
    NAN,
    SATURATED,
    SLOW,
    SYMMETRIC,
    TITLES,
    VANISHING,
    Diagnosis,
)
from bpstudio.training.trainer import train_now


def trained(project: Project, steps: int) -> Project:
    return runs.landed(project, train_now(runs.job(project, steps)))


def found(project: Project) -> tuple[Diagnosis, ...]:
    return examined(project, metrics=runs.measured(project))


def with_weights(project: Project, **scales: float) -> Project:
    weights = {
        k: frozen(w * scales.get(k.partition(".")[2], 1.0)) for k, w in project.weights.items()
    }
    return replace(project, weights=weights)


def dead() -> Project:
    project = build.network(toys.make("moons"), (2, 8, 1), activation="relu")
    return edits.set_value(project, "dense1.bias", np.full(8, -50.0))


def saturated() -> Project:
    project = build.network(toys.make("circles"), (2, 8, 1))
    return with_weights(project, weight=200.0)


def vanishing() -> Project:
    layers = (2, *[6] * 8, 1)
    return build.network(toys.make("circles"), layers, activation="sigmoid")


def exploding() -> Project:
    project = build.network(
        toys.make("sine"), (1, *[12] * 7, 1), activation="relu", optimizer="sgd"
    )
    return with_weights(project, weight=5.0)


def diverging() -> Project:
    project = build.network(toys.make("xor"), (2, 4, 1), optimizer="sgd", learning_rate=1e6)
    return trained(project, 200)


def slow() -> Project:
    project = build.network(toys.make("moons"), (2, 8, 1), optimizer="sgd", learning_rate=1e-7)
    return trained(project, 100)


def symmetric() -> Project:
    project = build.network(toys.make("xor"), (2, 4, 1))
    return tuning.set_initial(project, "constant")


def imbalanced() -> Project:
    data = toys.make("moons")
    rows = np.concatenate(
        [np.flatnonzero(data.answers == 0), np.flatnonzero(data.answers == 1)[:6]]
    )
    few = Dataset("few", data.features[rows], data.answers[rows], data.classes)
    return trained(build.network(few, (2, 8, 1)), 300)


PLANTED = {
    DEAD: dead,
    SATURATED: saturated,
    VANISHING: vanishing,
    EXPLODING: exploding,
    DIVERGING: diverging,
    SLOW: slow,
    SYMMETRIC: symmetric,
    IMBALANCED: imbalanced,
}


@pytest.mark.parametrize("kind", PLANTED)
def test_each_is_found_where_it_was_planted(kind: str) -> None:
    project = PLANTED[kind]()
    kinds = {each.kind: each for each in found(project)}
    assert kind in kinds, kinds
    diagnosis = kinds[kind]
    assert any(letter.isdigit() for letter in diagnosis.sentence) and diagnosis.title
    assert "{" not in diagnosis.sentence
    assert all(node in project.graph.nodes for node in diagnosis.nodes)


@pytest.mark.parametrize("kind", [k for k in PLANTED if k not in (IMBALANCED,)])
def test_one_of_the_offers_mends_it(kind: str) -> None:
    project = PLANTED[kind]()
    diagnosis = next(each for each in found(project) if each.kind == kind)
    offered = remedies(project, diagnosis)
    assert offered and all("{" not in fix.label for fix in offered)
    after = [fix.edit(project) for fix in offered]
    if kind in (DIVERGING, SLOW):
        after = [trained(each, 100) for each in after]
    assert any(kind not in {each.kind for each in found(mended)} for mended in after)


def test_balancing_repeats_rows_of_the_rare_class() -> None:
    project = imbalanced()
    diagnosis = next(each for each in found(project) if each.kind == IMBALANCED)
    mended = remedies(project, diagnosis)[0].edit(project)
    assert mended.data is not None
    assert len(set(np.bincount(mended.data.answers[mended.data.training_rows]))) == 1
    assert IMBALANCED not in {each.kind for each in found(mended)}


def test_what_is_not_finite_names_the_gate_and_the_step() -> None:
    project = build.network(
        toys.make("sine"), (1, 6, 1), activation="relu", optimizer="sgd", learning_rate=1e12
    )
    with pytest.raises(NotFinite) as caught:
        train_now(runs.job(project, 1000))
    told = examined(project, problem=caught.value)
    assert [each.kind for each in told] == [NAN]
    assert told[0].nodes == caught.value.nodes and told[0].nodes
    assert "Step" in told[0].sentence
    assert remedies(project, told[0])


def test_a_value_that_is_not_finite_on_the_canvas_is_found_without_training() -> None:
    project = build.network(toys.make("sine"), (1, 6, 1), activation="relu")
    spoilt = {**project.weights, "dense1.weight": frozen(np.full((1, 6), 1e308))}
    told = examined(replace(project, weights=spoilt))
    assert told and told[0].kind == NAN and told[0].nodes


HEALTHY = [
    *(("xor", (2, 4, 1), "tanh", "sgd", seed) for seed in (1, 2, 3)),
    *(("circles", (2, 8, 1), "relu", "adam", seed) for seed in (1, 2, 3)),
    *(("moons", (2, 8, 8, 1), "tanh", "adam", seed) for seed in (1, 2)),
    *(("moons", (2, 16, 1), "relu", "sgd", seed) for seed in (1, 2)),
    *(("spiral", (2, 16, 16, 2), "tanh", "adam", seed) for seed in (1, 2)),
    *(("checkerboard", (2, 16, 16, 1), "relu", "adam", seed) for seed in (1, 2)),
    *(("blobs", (2, 6, 3), "sigmoid", "adam", seed) for seed in (1, 2)),
    *(("sine", (1, 12, 1), "tanh", "adam", seed) for seed in (1, 2)),
    ("and", (2, 3, 1), "sigmoid", "sgd", 1),
    ("or", (2, 3, 1), "tanh", "momentum", 1),
    ("nand", (2, 1), "tanh", "sgd", 1),
]


@pytest.mark.parametrize("case", HEALTHY, ids=lambda case: f"{case[0]}-{case[2]}-{case[4]}")
def test_a_healthy_training_is_never_told_anything(
    case: tuple[str, tuple[int, ...], str, str, int],
) -> None:
    data, layers, activation, optimizer, seed = case
    made = toys.make(data, seed=seed)
    layers = (*layers[:-1], len(made.classes) if layers[-1] > 1 else layers[-1])
    project = build.network(made, layers, activation=activation, optimizer=optimizer, seed=seed)
    said = {}
    for steps in (0, 1, 20, 80, 200, 500, 800):
        project = trained(project, steps) if steps else project
        for each in found(project):
            said[project.trained.steps, each.kind] = each.sentence
    assert said == {}


def test_a_network_that_is_not_whole_is_told_nothing() -> None:
    assert examined(Project()) == ()
    project = edits.disconnect(build.network(toys.make("xor"), (2, 4, 1)), "dense2", "x")
    assert examined(project) == ()


def test_all_have_a_title() -> None:
    assert set(PLANTED) | {NAN} == set(TITLES)


def test_dropout_goes_in_and_out_again() -> None:
    project = build.network(toys.make("moons"), (2, 8, 8, 1), activation="relu")
    dropping = tuning.set_dropout(project, 0.2)
    ops = [node.op.name for node in dropping.graph.ordered]
    assert ops.count("dropout") == 2 and tuning.dropout(dropping) == 0.2
    assert all(dropping.weights[key] is weight for key, weight in project.weights.items())
    more = tuning.set_dropout(dropping, 0.4)
    assert tuning.dropout(more) == 0.4 and len(more.graph.nodes) == len(dropping.graph.nodes)
    assert tuning.set_dropout(more, 0.0).graph.structure == project.graph.structure


def test_factors_freeze_and_slow_down() -> None:
    project = build.network(toys.make("xor"), (2, 4, 1))
    slowed = tuning.set_factor(project, "dense1", 0.1)
    assert slowed.training.rates == (("dense1", 0.1),)
    still = tuning.set_factor(slowed, "dense1", 0.0)
    assert still.training.frozen == {"dense1"} and still.training.rates == ()
    assert tuning.set_factor(still, "dense1", 1.0).training == project.training


def test_an_initialiser_draws_anew() -> None:
    project = trained(build.network(toys.make("xor"), (2, 4, 1)), 10)
    drawn = tuning.set_initial(project, "he")
    assert tuning.initial(drawn) == "he" and drawn.trained.steps == 0
    assert tuning.initial(edits.set_setting(drawn, "dense1", "initial", "zeros")) == tuning.MIXED


def test_inputs_are_standardised() -> None:
    data = toys.make("moons")
    wide = replace(data, features=data.features * 300 + 1000, recipe={})
    project = tuning.standardised(build.network(wide, (2, 4, 1)))
    assert project.data is not None
    rows = project.data.features[project.data.training_rows]
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=0), 1)


def test_optimizers_make_no_difference_to_a_twin() -> None:
    for optimizer in (SGD(), Adam()):
        project = symmetric()
        settings = replace(project.training, optimizer=optimizer)
        after = trained(edits.set_training(project, settings), 50)
        assert SYMMETRIC in {each.kind for each in found(after)}
