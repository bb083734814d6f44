"""The lecture's pictures in numbers, by sweeps: capacity against λ, and XOR from 100 starts."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.data.dataset import Dataset
from bpstudio.playback.sweep_grid import median
from bpstudio.project import build, vary
from bpstudio.training.executors import executor
from bpstudio.training.sweep import Outcome, Sweep
from bpstudio.training.sweeping import Sweeping

FACTS = Path(__file__).with_name("capacity.json")
LAMBDAS = (0.0, 0.001, 0.01, 0.1)
SOLVED = {1: 0, 2: 52, 3: 90, 4: 99, 8: 100}
"""How many of 100 starts learned XOR elsewhere, for so many tanh units."""
APART = 5
"""So far two hundreds of starts may be apart."""


@functools.cache
def facts() -> Any:
    """What was measured elsewhere, with the 50 points."""
    return json.loads(FACTS.read_text(encoding="utf-8"))


def finish(sweep: Sweep) -> list[Outcome]:
    with executor("local", 2) as place:
        going = Sweeping(sweep, place)
        while not going.over:
            going.news(60.0)
    return [going.outcomes[trial.number] for trial in sweep.trials]


@functools.cache
def capacity() -> list[Outcome]:
    """10 starts of each size and λ on the 50 points of the lecture, 4,000 steps of all rows."""
    points = facts()["dataset"]
    data = Dataset("arcs", np.array(points["x"]), np.array(points["y"]), ("0", "1"))
    project = build.network(data, (2, 6, 1), optimizer="adam", learning_rate=0.02, batch=0)
    varied = {"dense1.units": (1, 3, 6, 20), "l2": LAMBDAS}
    return finish(vary.sweep_of(project, varied, seeds=range(10), steps=4000))


def of(units: int, l2: float, figure: Callable[[Outcome], float | None]) -> float:
    """The median over the starts."""
    settings = (("dense1.units", units), ("l2", l2))
    found = median(figure(o) for o in capacity() if o.settings == settings)
    assert found is not None
    return found


@pytest.mark.long
def test_more_units_fit_better_and_the_most_cut_islands() -> None:
    right = {units: of(units, 0.0, lambda o: o.accuracy) for units in (1, 3, 6, 20)}
    assert right[20] == 1.0 >= right[6] >= right[3] > right[1]
    assert of(20, 0.0, lambda o: o.regions) >= 4
    assert all(of(20, l2, lambda o: o.regions) == 2 for l2 in LAMBDAS[1:])


@pytest.mark.long
def test_a_penalty_smooths_and_too_much_of_it_fits_nothing() -> None:
    lines = [of(20, l2, lambda o: o.boundary) for l2 in LAMBDAS]
    norms = [of(20, l2, lambda o: o.norm) for l2 in LAMBDAS]
    assert lines == sorted(lines, reverse=True) and len(set(lines)) == len(lines)
    assert norms == sorted(norms, reverse=True) and len(set(norms)) == len(norms)
    assert of(20, 0.1, lambda o: o.accuracy) <= 0.82
    measured = facts()["measured_medians"]
    for l2 in LAMBDAS[1:]:
        assert of(20, l2, lambda o: o.norm) == pytest.approx(
            measured[f"H20_lam{l2:g}"]["wnorm"], rel=0.05
        )


@pytest.mark.long
def test_as_many_starts_learn_xor_as_elsewhere() -> None:
    project, varied = vary.xor_starts()
    outcomes = finish(vary.sweep_of(project, varied, seeds=range(1, 101), steps=5000))
    solved = {
        units: sum(o.solved is True for o in outcomes if o.settings == (("dense1.units", units),))
        for units in SOLVED
    }
    assert solved[1] == 0
    assert list(solved.values()) == sorted(solved.values())
    assert all(abs(solved[units] - count) <= APART for units, count in SOLVED.items()), solved
