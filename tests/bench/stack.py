"""Stacked runs beside single ones: how much less one step of one run costs in a stack.

    python3 packaging/dev.py bench stack [--rounds 15] [--out table.md]

Both take turns, shuffled in every round; what counts is CPU time, and of the ratios the median
over the rounds. After 20 steps the losses must agree.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.initial import starting
from bpstudio.engine.optimizers import SGD, Adam, Optimizer
from bpstudio.engine.plan import compile_training
from bpstudio.engine.stack import Run, compile_stack
from bpstudio.project import build, runs

COUNTS = (1, 10, 100)
TYPES = (np.float64, np.float32)
AGREED = 20


class Work(NamedTuple):
    """A network on its data, and how many rows a step sees."""

    name: str
    data: Dataset
    layers: tuple[int, ...]
    loss: str
    optimizer: Optimizer
    rows: int


def works() -> tuple[Work, ...]:
    """Those for which it is worth it, and one for which it is not."""
    rng = np.random.default_rng(0)
    digits = Dataset(
        "random digits",
        rng.normal(size=(64, 64)),
        rng.integers(0, 10, 64),
        tuple(str(digit) for digit in range(10)),
    )
    spiral = toys.make("spiral", points=32, held_out=0.0)
    return (
        Work("W1: 2-4-1, batch 4, SGD", toys.make("xor"), (2, 4, 1), "mse", SGD(), 4),
        Work("W2: 2-16-16-2, batch 32, Adam", spiral, (2, 16, 16, 2), "ce", Adam(), 32),
        Work("W4: 64-128-64-10, batch 64, Adam", digits, (64, 128, 64, 10), "ce", Adam(), 64),
    )


def turns(work: Work, count: int, dtype: Any, steps: int) -> list[Callable[[], float]]:
    """A turn of a single run and one of the stack: CPU seconds for a step of one run."""
    project = build.network(work.data, work.layers, loss=work.loss)
    job = runs.job(project, 1)
    starts = [starting(job.graph, job.given_shapes, seed) for seed in range(count)]
    rate = float(work.optimizer.learning_rate)
    common: dict[str, Any] = {"rows": work.rows, "objective": job.target, "dtype": dtype}
    one = compile_training(job.graph, job.given_shapes, starts[0], work.optimizer, **common)
    many = compile_stack(
        job.graph,
        job.given_shapes,
        [Run(start) for start in starts],
        work.optimizer,
        shared=job.given.keys(),
        **common,
    )
    one.load(job.given)
    many.load([job.given] * count)
    for t in range(1, AGREED + 1):
        one.step(0, rate, t)
        many.step(0, rate, t)
    if abs(float(one.loss) - many.loss[0]) > (1e-10 if dtype is np.float64 else 1e-3):
        raise SystemExit(f"{work.name}: the losses differ: {one.loss}, {many.loss[0]}")

    def timed(step: Callable[[int, float, int], None], each: int, number: int) -> float:
        began = time.process_time()
        for t in range(AGREED + 1, AGREED + 1 + number):
            step(0, rate, t)
        return (time.process_time() - began) / number / each

    slower = max(10, steps // count)
    return [lambda: timed(one.step, 1, steps), lambda: timed(many.step, count, slower)]


def table(rounds: int) -> Iterator[str]:
    """The lines of the table, as they are measured."""
    yield (
        "| times faster per run than one by one (float64 / float32) |"
        + "".join(f" K = {count} |" for count in COUNTS)
    )
    yield "|---|" + "--:|" * len(COUNTS)
    for work in works():
        cells = []
        for count in COUNTS:
            ratios = []
            for dtype in TYPES:
                both = turns(work, count, dtype, 400 if work.rows < 64 else 40)
                found = []
                for _round in range(rounds):
                    order = [0, 1]
                    random.shuffle(order)
                    seconds = {place: both[place]() for place in order}
                    found.append(seconds[0] / seconds[1])
                ratios.append(statistics.median(found))
            cells.append(" / ".join(f"{ratio:.2g}" for ratio in ratios))
        yield f"| {work.name} | {' | '.join(cells)} |"


def main() -> int:
    """Measure, print the table, and write it where asked."""
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=15)
    words.add_argument("--out", type=Path, default=None)
    asked = words.parse_args()
    lines = []
    for line in table(asked.rounds):
        lines.append(line)
        print(line, flush=True)
    if asked.out:
        asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
