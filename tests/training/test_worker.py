"""The worker process trains as this process would, and never outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.optimizers import SGD, Adam
from bpstudio.errors import GraphError, NotFinite
from bpstudio.training.board import Snapshot
from bpstudio.training.job import Change, Job, Result
from bpstudio.training.line import Line
from bpstudio.training.seeking import Found
from bpstudio.training.serve import Ended, Held
from bpstudio.training.trainer import continued, train_now
from bpstudio.training.worker import Worker
from tests.patience import PATIENCE, until

if TYPE_CHECKING:
    from tests.training.conftest import Network


@pytest.fixture(scope="module")
def shared_worker() -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


@pytest.fixture
def worker(shared_worker: Worker) -> Iterator[Worker]:
    """The same process for all tests, at rest before and after each."""
    yield shared_worker
    if shared_worker.state == "training":
        shared_worker.stop()


def ended(worker: Worker) -> Ended:
    """The next news of the worker."""

    def news() -> list[Ended]:
        told = worker.news(timeout=1)
        assert told or worker.state not in ("lost", "closed")
        return told

    return until(news, "the worker has told nothing")[0]


def result(worker: Worker) -> Result:
    news = ended(worker)
    assert news.problem is None, news.trace
    assert news.result is not None
    return news.result


def state(worker: Worker) -> str:
    """Its state, which the type checker would otherwise take to be what it last was."""
    return worker.state


def watched(worker: Worker, seen: Callable[[Snapshot], bool]) -> list[Snapshot]:
    """All snapshots up to the first of that kind."""
    snapshots: list[Snapshot] = []

    def found() -> bool:
        snapshot = worker.look()
        if snapshot is not None:
            snapshots.append(snapshot)
            if seen(snapshot):
                return True
        assert not worker.news(timeout=0.005)
        assert worker.state not in ("lost", "closed")
        return False

    until(found, "no such snapshot was seen")
    return snapshots


def lose(worker: Worker) -> None:
    """Kill its process, and wait until that is noticed."""
    assert worker.pid is not None
    os.kill(worker.pid, 9)

    def lost() -> bool:
        assert worker.news(timeout=1) == []
        return worker.state == "lost"

    until(lost, "it was not noticed that the process was killed")


def test_another_process_gives_bit_equal_losses(worker: Worker, network: Network) -> None:
    job = network("moons", (8, 1), batch=32, optimizer=Adam(), steps=1000)
    worker.start(job)
    assert worker.state == "training"
    here, there = train_now(job), result(worker)
    assert state(worker) == "idle"
    assert np.array_equal(here.losses, there.losses)
    for key, value in here.weights.items():
        assert np.array_equal(there.weights[key], value)
    assert there.metrics == here.metrics


def test_snapshots_are_whole_and_losses_complete(worker: Worker, network: Network) -> None:
    job = network(steps=10_000_000)
    worker.start(job)
    snapshots = watched(worker, lambda snapshot: snapshot.step > 2000)
    worker.pause()
    found = result(worker)
    losses = np.concatenate([snapshot.losses for snapshot in snapshots])
    assert not any(snapshot.missed for snapshot in snapshots)
    assert np.array_equal(losses, found.losses[: len(losses)])
    middle = snapshots[len(snapshots) // 2]
    expected = train_now(replace(job, steps=middle.step))
    for key, value in expected.weights.items():
        assert np.array_equal(middle.weights[key], value)


def test_pause_step_and_go_on_equal_one_run(worker: Worker, network: Network) -> None:
    job = network("moons", (5, 1), batch=8, optimizer=Adam(), steps=10_000_000)
    worker.start(job)
    watched(worker, lambda snapshot: snapshot.step > 10)
    worker.pause()
    parts = [result(worker)]
    for steps in (1, 1, 50):
        worker.go_on(steps)
        parts.append(result(worker))
        assert len(parts[-1].losses) == steps
    whole = train_now(replace(job, steps=parts[-1].step))
    assert np.array_equal(np.concatenate([part.losses for part in parts]), whole.losses)


def test_changes_are_noted_with_their_step(worker: Worker, network: Network) -> None:
    job = network(steps=10_000_000)
    worker.start(job)
    watched(worker, lambda snapshot: snapshot.step > 10)
    slower = replace(job.settings, optimizer=SGD(learning_rate=0.01))
    worker.change(Change(settings=slower))
    worker.pause()
    found = result(worker)
    assert found.settings == slower
    if found.changes:
        assert found.changes[0][1] == slower
    worker.change(Change(settings=job.settings))
    worker.go_on(3)
    after = result(worker)
    same = replace(job, weights=found.weights, memory=found.memory, start=found.step, steps=3)
    assert np.array_equal(after.losses, train_now(same).losses)


def test_a_run_that_was_given_up_has_no_news(worker: Worker, network: Network) -> None:
    worker.start(network(steps=10_000_000))
    watched(worker, lambda snapshot: snapshot.step > 10)
    worker.stop()
    assert worker.state == "idle"
    worker.start(network(steps=10_000_000, seed=5))
    job = network(steps=7)
    worker.start(job)
    assert np.array_equal(result(worker).losses, train_now(job).losses)
    assert not worker.news()


def test_news_of_a_run_that_was_given_up_too_late_are_dropped(
    worker: Worker, network: Network
) -> None:
    until(lambda: not worker.news(timeout=1) and worker.state != "starting", "it does not start")
    worker.start(network(steps=3))
    assert wait([worker._connection], PATIENCE)
    worker.stop()
    assert worker.news() == []


def test_a_pause_that_comes_too_late_does_no_harm(worker: Worker, network: Network) -> None:
    worker.start(network(steps=3))
    assert result(worker).step == 3
    worker.pause()
    worker.start(network(steps=4))
    assert result(worker).step == 4


def test_an_error_comes_back_as_it_is(worker: Worker, network: Network) -> None:
    job = network()
    worker.start(replace(job, weights={}))
    news = ended(worker)
    assert isinstance(news.problem, GraphError)
    assert "nothing to train" in str(news.problem)
    assert not news.trace
    assert news.result is None


def test_numbers_that_run_away_come_back_with_what_there_was(
    worker: Worker, network: Network
) -> None:
    job = network(
        toys.make("sine"),
        (4, 1),
        activation="relu",
        output=None,
        loss="squared_error",
        optimizer=SGD(learning_rate=1e6),
        steps=1000,
    )
    worker.start(job)
    news = ended(worker)
    assert isinstance(news.problem, NotFinite)
    assert news.result is not None
    assert f"Step {news.result.step + 1}: " in str(news.problem)


def test_a_fault_of_ours_has_a_trace_for_the_log(worker: Worker, network: Network) -> None:
    job = network()
    worker.start(replace(job, settings=None))  # type: ignore[arg-type]
    news = ended(worker)
    assert "fault of Backprop Studio" in str(news.problem)
    assert "AttributeError" in news.trace
    worker.start(network(steps=2))
    assert result(worker).step == 2


def test_a_network_too_large_for_the_board_gets_a_larger_one(network: Network) -> None:
    with Worker(capacity=4) as small:
        small.go_on(3)
        assert "no run yet" in str(ended(small).problem)
        first = small.pid
        job = network(steps=2)
        small.start(job)
        assert small.pid != first
        assert np.array_equal(result(small).losses, train_now(job).losses)


def test_a_worker_that_is_killed_is_lost_and_can_be_started_again(network: Network) -> None:
    with Worker() as worker:
        worker.start(network(steps=10_000_000))
        watched(worker, lambda snapshot: snapshot.step > 10)
        lose(worker)
        worker.pause()
        job = network(steps=5)
        worker.start(job)
        assert state(worker) == "training"
        assert np.array_equal(result(worker).losses, train_now(job).losses)


def test_closing_in_the_middle_ends_the_process(network: Network) -> None:
    worker = Worker()
    worker.start(network(steps=10_000_000))
    watched(worker, lambda snapshot: snapshot.step > 10)
    process = worker._process
    sentinel = os.dup(process.sentinel) if os.name == "posix" else None
    worker.close()
    assert worker.state == "closed"
    assert worker.news() == []
    if sentinel is not None:
        assert wait([sentinel], 0) == [sentinel]
        os.close(sentinel)
    worker.close()


def test_the_environment_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    Worker().close()
    assert dict(os.environ) == before


ORPHAN = """
from bpstudio.data.toys import make
from bpstudio.project.build import network
from bpstudio.project.runs import job
from bpstudio.training.worker import Worker
from tests.patience import PATIENCE, until

if __name__ == "__main__":
    worker = Worker()
    worker.start(job(network(make("xor"), (2, 4, 1))))
    while worker.look() is None:
        worker.news(timeout=0.1)
    print("ready", flush=True)
    worker.news(timeout=600)
"""

STUCK_ORPHAN = """
import multiprocessing
import threading
from bpstudio.training.serve import end_with_parent

def stuck(ready):
    end_with_parent()
    ready.set()
    threading.Event().wait()

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    context.Process(target=stuck, args=(ready,)).start()
    ready.wait()
    print("ready", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("program", [ORPHAN, STUCK_ORPHAN], ids=["training", "in a long step"])
def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path, program: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(program)
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    parent.kill()
    # The worker inherits the pipe, so its end is the end of the last process that holds it.
    rest, _ = parent.communicate(timeout=PATIENCE)
    assert rest == ""


def sought(worker: Worker, tape: str, line: Line, step: int) -> Found:
    """The exact moment at that step."""
    worker.seek(tape, line, step)

    def exact() -> list[Found]:
        worker.news(timeout=1)
        found = worker.found()
        assert not any(each.problem for each in found), [each.trace for each in found]
        return [each for each in found if each.exact]

    return until(exact, f"step {step} was not found")[0]


def same_weights(found: Found, job: Job, step: int) -> bool:
    truth = train_now(replace(job, steps=step)).weights
    return all(np.array_equal(found.weights[key], truth[key]) for key in truth)


def test_a_step_of_a_run_is_found_again(worker: Worker, network: Network) -> None:
    job = network("moons", (4, 1), optimizer=Adam(), batch=16, steps=300)
    worker.start(job, "first")
    whole = result(worker)
    for step in (299, 7, 300, 0, 128):
        assert same_weights(sought(worker, "first", Line(job), step), job, step)
    # It goes on with another setting, which its line has to have.
    slower = replace(job.settings, optimizer=Adam(learning_rate=0.001))
    further = replace(continued(job, whole, 100), settings=slower)
    worker.start(further, "second", after="first")
    last, line = result(worker), Line(job).gone_on(further)
    found = sought(worker, "second", line, 400)
    assert all(np.array_equal(found.weights[key], last.weights[key]) for key in last.weights)
    assert found.metrics == last.metrics
    assert same_weights(sought(worker, "second", line, 290), job, 290)
    assert same_weights(sought(worker, "first", Line(job), 290), job, 290)


def test_a_run_that_is_on_no_tape_is_replayed(worker: Worker, network: Network) -> None:
    job = network("xor", (3, 1), optimizer=Adam())
    assert same_weights(sought(worker, "unheard of", Line(job), 170), job, 170)
    for other in ("b", "c", "d"):
        sought(worker, other, Line(job), 1)
    assert same_weights(sought(worker, "unheard of", Line(job), 90), job, 90)


def test_changes_on_the_way_are_told_at_the_end(worker: Worker, network: Network) -> None:
    job = network("xor", (3, 1), steps=10_000_000)
    slower = replace(job.settings, optimizer=SGD(learning_rate=0.01))
    worker.start(job, "changing")
    watched(worker, lambda snapshot: snapshot.step > 10)
    worker.change(Change(settings=slower))
    # Only when it holds is the run let go on: how fast a change gets there is not asked here.
    (held,) = until(lambda: worker.news(timeout=0.005) or worker.held(), "the change never held")
    assert isinstance(held, Held)
    watched(worker, lambda snapshot: snapshot.step > held.step)
    worker.pause()
    news = ended(worker)
    assert news.result is not None
    ((step, change),) = news.changes
    assert change.settings == slower
    assert 0 < step < news.result.step
    line = Line(job, news.changes)
    weights = news.result.weights
    worker.seek("changing", line, 3)  # given up for the next one
    found = sought(worker, "changing", line, news.result.step)
    assert all(np.array_equal(found.weights[key], weights[key]) for key in weights)


def test_steps_are_found_again_after_the_process_was_killed(network: Network) -> None:
    job = network("xor", (3, 1), optimizer=Adam(), steps=200)
    with Worker() as worker:
        worker.start(job, "first")
        result(worker)
        lose(worker)
        assert same_weights(sought(worker, "first", Line(job), 150), job, 150)
