"""Sweeps: variants as trials, stacked or alone, here or in other processes, begun again."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.optimizers import SGD
from bpstudio.errors import StudioError
from bpstudio.playback import sweep_grid
from bpstudio.project import build, edits, runs, vary
from bpstudio.project.project import Project
from bpstudio.training.executors import executor
from bpstudio.training.job import Job
from bpstudio.training.schedules import Cosine
from bpstudio.training.sweep import ROUNDS, Outcome, Sweep, portions
from bpstudio.training.sweeping import Folder, Sweeping
from bpstudio.training.together import go_on, likeness
from bpstudio.training.trainer import train_now


class Here(Executor):
    """Does every piece at once, in this process; those of `stuck` trials are never done."""

    def __init__(self, stuck: Collection[int] = ()) -> None:
        self.stuck, self.count = set(stuck), 0

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.stuck.isdisjoint(trial.number for trial in arguments[0].trials):
            self.count += 1
            future.set_result(work(*arguments, **named))
        return future


def finish(sweep: Sweep, place: Executor, folder: Path | None = None) -> dict[int, Outcome]:
    going = Sweeping(sweep, place, None if folder is None else Folder(folder))
    while not going.over:
        going.news(60.0)
    assert going.steps == going.whole
    return going.outcomes


@functools.cache
def small() -> Sweep:
    """Two structures, one of them with two penalties, from two seeds."""
    data = toys.make("moons", points=20, noise=0.2)
    project = build.network(data, (2, 3, 1), batch=5, learning_rate=0.05)
    return vary.sweep_of(
        project, {"dense1.units": (2, 3), "l2": (0.0, 0.1)}, seeds=(1, 2), steps=48
    )


def same(one: Outcome, two: Outcome) -> None:
    """Equal to the last bit."""
    assert one.figures == two.figures
    assert one.weights.keys() == two.weights.keys()
    for key in one.weights:
        assert np.array_equal(one.weights[key], two.weights[key])
    assert np.array_equal(one.losses, two.losses)


def jobs_of(project: Project, changes: Sequence[dict[str, Any]], steps: int) -> list[Job]:
    jobs = []
    for seed, change in enumerate(changes, start=1):
        set_so = edits.set_training(project, replace(project.training, **change))
        jobs.append(runs.job(edits.new_weights(set_so, seed), steps))
    return jobs


@pytest.mark.parametrize("batch", [None, 4, 7])
def test_what_is_trained_together_comes_to_what_each_comes_to_alone(batch: int | None) -> None:
    data = toys.make("moons", points=25, noise=0.2)
    project = build.network(data, (2, 3, 2), batch=0)
    changes: list[dict[str, Any]] = [
        {"batch": batch, "l2": 0.01 * i, "l1": 0.001 * i, "schedule": Cosine(steps=40)}
        for i in range(3)
    ]
    changes[1]["frozen"] = frozenset({"dense1"})
    jobs = jobs_of(project, changes, 30)
    assert len({likeness(job) for job in jobs}) == 1
    halfway = go_on(jobs, None, 13)
    carried = go_on(jobs, halfway, 30)
    for number, job in enumerate(jobs):
        alone = train_now(job)
        found = np.concatenate([halfway.losses[number], carried.losses[number]])
        np.testing.assert_allclose(found, alone.losses, rtol=0, atol=1e-12)
        for key, weight in alone.weights.items():
            np.testing.assert_allclose(carried.weights[number][key], weight, rtol=0, atol=1e-12)


def test_a_learning_rate_and_data_of_ones_own_are_no_reason_to_train_alone() -> None:
    data = toys.make("moons", points=20, noise=0.1)
    project = build.network(data, (2, 3, 1), optimizer="sgd", learning_rate=0.1, batch=0)
    sweep = vary.sweep_of(
        project, {"learning_rate": (0.1, 0.5), "noise": (0.1, 0.3)}, seeds=(1,), steps=20
    )
    assert [len(portion.trials) for portion in portions(sweep)] == [4]
    outcomes = finish(sweep, Here())
    for trial in sweep.trials:
        alone = train_now(trial.job)
        found = outcomes[trial.number]
        np.testing.assert_allclose(found.losses, alone.losses, rtol=0, atol=1e-12)
        assert found.loss == pytest.approx(alone.metrics.loss, rel=1e-9)
        assert found.accuracy == alone.metrics.accuracy
        assert found.test_loss == pytest.approx(alone.metrics.test_loss, rel=1e-9)
    assert len({round(outcome.loss, 6) for outcome in outcomes.values()}) == 4


def test_a_gradient_cut_to_a_length_is_trained_alone() -> None:
    data = toys.make("moons", points=20, noise=0.1)
    project = build.network(data, (2, 3, 1), batch=0)
    sweep = vary.sweep_of(project, {"clip_norm": (0.1, 1.0)}, seeds=(1,), steps=24)
    assert [len(portion.trials) for portion in portions(sweep)] == [1, 1]
    outcomes = finish(sweep, Here())
    for trial in sweep.trials:
        assert np.array_equal(outcomes[trial.number].losses, train_now(trial.job).losses)


def test_the_results_are_the_same_wherever_they_are_computed() -> None:
    here = finish(small(), Here())
    with ThreadPoolExecutor(2) as threads:
        beside = finish(small(), threads)
    with executor("local", 2) as place:
        elsewhere = finish(small(), place)
    assert here.keys() == beside.keys() == elsewhere.keys() == set(range(8))
    for number, outcome in here.items():
        same(outcome, beside[number])
        same(outcome, elsewhere[number])


@pytest.mark.long
def test_on_a_cluster_of_two_workers_too() -> None:
    """With the long ones, because it opens sockets on this computer, which no other test does."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        executor(cluster.scheduler_address.replace("tcp://", "dask://")) as place,
    ):
        remote = finish(small(), place)
    for number, outcome in finish(small(), Here()).items():
        same(outcome, remote[number])


@pytest.mark.parametrize(("torn", "pieces"), [(0, ROUNDS), (9, 2 * ROUNDS)])
def test_a_sweep_that_was_killed_goes_on_where_it_was(
    torn: int, pieces: int, tmp_path: Path
) -> None:
    whole = finish(small(), Here(), tmp_path / "whole")
    broken = tmp_path / "broken"
    going = Sweeping(small(), Here(stuck={4}), Folder(broken))
    while len(going.outcomes) < 4:
        going.news()
    assert not going.over
    # It is killed now, perhaps while it writes a line.
    lines = (broken / "runs.jsonl").read_text(encoding="utf-8")
    assert len(lines.splitlines()) == 4
    (broken / "runs.jsonl").write_text(lines[: len(lines) - torn], encoding="utf-8")
    rest = Here()
    found = finish(small(), rest, broken)
    assert rest.count == pieces, "what was done is not done again"
    for number, outcome in whole.items():
        same(outcome, found[number])
    again = Sweeping(small(), Here(), Folder(broken))
    assert again.over
    for number, outcome in whole.items():
        same(outcome, again.outcomes[number])


def test_a_folder_of_another_sweep_is_left_alone(tmp_path: Path) -> None:
    finish(small(), Here(), tmp_path)
    project = build.network(toys.make("xor"), (2, 2, 1))
    other = vary.sweep_of(project, {"l2": (0.0,)}, seeds=(1,), steps=10)
    with pytest.raises(StudioError, match="another sweep"):
        Sweeping(other, Here(), Folder(tmp_path))


def test_the_fingerprint_tells_sweeps_apart() -> None:
    project = build.network(toys.make("xor"), (2, 2, 1))
    asked: dict[str, Any] = {"vary": {"l2": (0.0, 0.1)}, "seeds": (1, 2), "steps": 10}
    faster = edits.set_training(project, replace(project.training, optimizer=SGD()))
    faster = edits.set_training(faster, replace(faster.training, optimizer=SGD(learning_rate=1.0)))
    prints = [
        vary.sweep_of(made, **{**asked, **change}).fingerprint
        for made, change in (
            (project, {}),
            (project, {"seeds": (1, 3)}),
            (project, {"steps": 11}),
            (project, {"vary": {"l2": (0.0, 0.2)}}),
            (faster, {}),
        )
    ]
    assert len(set(prints)) == 5
    assert vary.sweep_of(project, **asked).fingerprint == prints[0]


def test_an_outcome_opens_as_the_network_that_it_was() -> None:
    project = build.network(toys.make("moons", points=20, noise=0.2), (2, 3, 1), batch=5)
    sweep = vary.sweep_of(project, {"dense1.units": (2, 4)}, seeds=(7,), steps=20)
    outcome = finish(sweep, Here())[1]
    opened = vary.opened(project, outcome)
    assert opened.weights["dense1.weight"].shape == (2, 4)
    assert (opened.training.seed, opened.trained.steps, len(opened.trained.losses)) == (7, 20, 20)
    assert runs.measured(opened).loss == pytest.approx(outcome.loss, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dense9.units", 3),
        ("dense1.units", "many"),
        ("dense1.width", 3),
        ("colour", 1),
        ("l2", -1.0),
        ("activation", "softly"),
        ("activation", "dense"),
        ("noise", 3.0),
    ],
)
def test_what_can_not_be_varied_is_said(name: str, value: Any) -> None:
    project = build.network(toys.make("xor"), (2, 2, 1))
    with pytest.raises(StudioError):
        vary.sweep_of(project, {name: (value,)}, seeds=(1,), steps=10)


def test_the_activation_of_hidden_layers_is_varied_and_not_the_output() -> None:
    project = build.network(toys.make("xor"), (2, 3, 3, 1))
    varied = vary.variant(project, (("activation", "relu"),))
    names = [node.op.name for node in varied.graph.ordered if node.op.category == "activation"]
    assert names == ["relu", "relu", "sigmoid"]


def test_training_that_diverges_has_no_figures_but_a_row() -> None:
    project = build.network(toys.make("linear"), (1, 3, 1), optimizer="sgd", batch=0)
    for rates in ((1e9, 2e9), (1e9,)):
        sweep = vary.sweep_of(project, {"learning_rate": rates}, seeds=(1,), steps=60)
        for outcome in finish(sweep, Here()).values():
            assert np.isnan(outcome.loss)
            assert (outcome.accuracy, outcome.regions) == (None, None)


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(StudioError, match="local or dask"), executor("moon"):
        pass


def test_a_verdict_gives_up_its_last_words_where_there_is_no_room() -> None:
    said = "94% · test 76% · 4 regions"

    def shown(room: float) -> str:
        return "".join(span.text for span in sweep_grid.fitted(said, room, 10.0).spans)

    assert [shown(room) for room in (400.0, 100.0, 30.0, 1.0)] == [
        said,
        "94% · test 76%",
        "94%",
        "94%",
    ]


def test_a_grid_has_the_first_setting_down_and_one_alone_across() -> None:
    grid = sweep_grid.grid_of(small())
    assert (len(grid.rows), len(grid.columns)) == (2, 2)
    assert [(cell.row, cell.column, cell.trials) for cell in grid.cells] == [
        (0, 0, (0, 1)),
        (0, 1, (2, 3)),
        (1, 0, (4, 5)),
        (1, 1, (6, 7)),
    ]
    project, varied = vary.xor_starts()
    starts = sweep_grid.grid_of(vary.sweep_of(project, varied, seeds=range(12), steps=1))
    assert (len(starts.rows), len(starts.columns)) == (1, 5)
    assert all(cell.starts and len(cell.trials) == 12 for cell in starts.cells)
