"""Turns of many rivals in one process, shuffled in every round; CPU time, medians of ratios."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.rivals.works import STEPS, Rival


def measured(
    turns: Mapping[str, Callable[[int], None]], rounds: int, seconds: float
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The CPU seconds of one turn of each (median), and its ratios to the first, by round."""
    counts = {}
    for name, turn in turns.items():
        count, spent = 1, 0.0
        while spent < seconds / 4:
            count *= 2
            start = time.process_time()
            turn(count)
            spent = time.process_time() - start
        counts[name] = max(1, round(count * seconds / max(spent, 1e-9)))
    # Else whoever makes many objects would have those of all the others searched for garbage.
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {name: [] for name in turns}
    order = list(turns)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            start = time.process_time()
            turns[name](counts[name])
            times[name].append((time.process_time() - start) / counts[name])
    first = times[next(iter(turns))]
    ratios = {
        name: [own / other for own, other in zip(each, first, strict=True)]
        for name, each in times.items()
    }
    return {name: statistics.median(each) for name, each in times.items()}, ratios


def turn_of(rival: Rival, batches: int) -> Callable[[int], None]:
    """Many steps in a row."""
    step = rival.step

    def turn(count: int) -> None:
        for t in range(1, count + 1):
            step(t % batches, t + STEPS)

    return turn


def grid_turn(rival: Callable[[], Any]) -> Callable[[int], None]:
    """Many grids in a row."""

    def turn(count: int) -> None:
        for _ in range(count):
            rival()

    return turn


def row(name: str, columns: list[str], ratios: Mapping[str, list[float]], *more: str) -> str:
    """A line of a table: the median ratio of each column, or a dash for who does not take part."""
    cells = [f"{statistics.median(ratios[key]):.2f}" if key in ratios else "–" for key in columns]
    return f"| {name} | {' | '.join([*more, *cells])} |"


def head(first: str, columns: list[str]) -> list[str]:
    """The two lines above a table."""
    return [f"| {first} | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
