"""What it costs to keep the past of a training: steps with a tape against steps without.

    python3 packaging/dev.py bench history [--rounds 15]

Both take turns in one process, shuffled in every round; what counts is CPU time, and of the ratios
the median over the rounds. Each round goes on where the last one ended, so the tape grows, fills
its memory and is thinned as in a long run. To reach: 1.01 to 1.06.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator

import numpy as np

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import SGD, Adam, Optimizer
from bpstudio.project import build, runs
from bpstudio.training.course import Course, advance, lay_out
from bpstudio.training.history import Tape
from bpstudio.training.job import Job
from bpstudio.training.line import Line

SECONDS = 0.25
"""About how long each takes in a round."""


def rows(width: int, classes: int, count: int) -> Dataset:
    """Rows of random numbers in classes."""
    rng = np.random.default_rng(1)
    return Dataset(
        name="random",
        features=rng.standard_normal((count, width)),
        answers=rng.integers(0, classes, count),
        classes=tuple(str(i) for i in range(classes)),
        held_out=np.zeros(count, bool),
    )


def job(data: Dataset, sizes: tuple[int, ...], optimizer: Optimizer, batch: int | None) -> Job:
    """A network of these sizes to train."""
    project = build.network(data, sizes)
    made = runs.job(project)
    settings = type(made.settings)(optimizer=optimizer, batch=batch)
    return Job(made.graph, made.given, made.weights, settings)


def workloads() -> dict[str, Job]:
    """Those of the bench of the engine, from 17 numbers to 235,146."""
    spiral = toys.make("spirals" if "spirals" in toys.TOYS else "spiral")
    return {
        "W1 2-4-1": job(toys.make("xor"), (2, 4, 1), SGD(), None),
        "W2 2-16-16-2": job(spiral, (2, 16, 16, 2), Adam(), 32),
        "W4 64-128-64-10": job(rows(64, 10, 640), (64, 128, 64, 10), Adam(), 64),
        "W5 784-256-128-10": job(rows(784, 10, 512), (784, 256, 128, 10), Adam(), 128),
    }


def taken(course: Course, first: int, losses: Array, tape: Tape | None) -> float:
    """CPU seconds for so many steps, as the trainer takes them."""
    begin = time.process_time()
    done = 0
    while done < len(losses):
        end = len(losses)
        if tape is not None:
            end = min(end, done + tape.every - (first + done) % tape.every)
        advance(course, first + done, losses[done:end])
        if tape is not None:
            tape.offer(course, first + end)
        done = end
    return time.process_time() - begin


def table(rounds: int) -> Iterator[str]:
    """The lines of the table, as they are measured."""
    yield "| history | steps | with / without | states | MB |"
    yield "|---|--:|--:|--:|--:|"
    for name, work in workloads().items():
        with_tape, without, tape = lay_out(work), lay_out(work), Tape(Line(work))
        trial = np.empty(64)
        seconds = max(taken(without, 0, trial, None), 1e-6)
        taken(with_tape, 0, trial, tape)
        count = max(64, int(SECONDS / seconds * 64) // 64 * 64)
        step, ratios = 64, []
        for _ in range(rounds):
            losses = np.empty(count)
            turns = [(with_tape, tape), (without, None)]
            random.shuffle(turns)
            found = {on is not None: taken(course, step, losses, on) for course, on in turns}
            ratios.append(found[True] / found[False])
            step += count
        size = tape.size / 1e6
        ratio = statistics.median(ratios)
        yield f"| {name} | {step:,} | {ratio:.3f} | {len(tape.states)} | {size:.1f} |"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    for line in table(parser.parse_args().rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
