"""Three ways to the same gradient, raced: how many passes each takes, and how long.

Differences nudge each of n numbers up and down and run forward each time: 2n passes, and a little
wrong. Forward mode moves each number by itself: n passes, exact. The backward pass is one pass,
exact, whatever n is. That is the whole reason for backpropagation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.differences import STEP, both_sides
from bpstudio.engine.forward_mode import jvp
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.places import place_of, value_at
from bpstudio.engine.rerun import Rerun
from bpstudio.engine.reverse_mode import gradients
from bpstudio.engine.run import Step

REVERSE, FORWARD_MODE, NUMERIC = "reverse", "forward", "numeric"
WAYS = (REVERSE, FORWARD_MODE, NUMERIC)
REPEATS = 5
"""So many times the backward pass is run, and its usual time taken."""


@dataclass(frozen=True)
class Lap:
    """How far one way has come: numbers whose gradient it knows, passes, and seconds for them."""

    way: str
    done: int = 0
    passes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Race:
    """Where every way is, in the order of `WAYS`.

    `numbers` is how many slopes are asked for and `needed` the passes that each way takes for
    them. `apart` is by how much a way's gradient differs from the backward pass's at most,
    relative to the largest of it; 0 while it knows none.
    """

    numbers: int
    needed: Mapping[str, int]
    laps: tuple[Lap, ...]
    apart: Mapping[str, float] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether all have arrived."""
        return all(lap.done == self.numbers for lap in self.laps)

    def expected(self, lap: Lap) -> float:
        """The seconds that a way takes for the whole gradient, going on as so far."""
        return lap.seconds * self.numbers / lap.done if lap.done else 0.0


def race(steps: Sequence[Step], of: str, keys: Sequence[str]) -> Iterator[Race]:
    """Race for the gradient of the sum of node `of` by all of these, `node.port` each.

    `steps` are those of `run.forward`. The backward pass runs first; the other two then take
    turns, whichever has used less time, so that at every moment they have run equally long.
    """
    outputs = {step.node: step for step in steps}
    starts = {key: value_at(outputs, place_of(key)) for key in keys}
    places = [(key, place) for key, at in starts.items() for place in np.ndindex(at.shape)]
    needed = {REVERSE: 1, FORWARD_MODE: len(places), NUMERIC: 2 * len(places)}
    seed = np.ones_like(value_at(outputs, place_of(of)))
    exact, seconds = _backward(steps, of, seed)
    slopes = [float(exact[key][place]) if key in exact else 0.0 for key, place in places]
    largest = max((abs(slope) for slope in slopes), default=0.0) or 1.0
    laps = {way: Lap(way) for way in WAYS}
    laps[REVERSE] = Lap(REVERSE, len(places), 1, seconds)
    apart = dict.fromkeys(WAYS, 0.0)
    yield Race(len(places), needed, tuple(laps.values()), dict(apart))
    by_nudging = _nudging(steps, of, seed, starts)
    ways: dict[str, tuple[int, Callable[[str, tuple[int, ...]], float]]] = {
        FORWARD_MODE: (1, lambda key, place: _pushed(steps, of, key, place, starts[key].shape)),
        NUMERIC: (2, by_nudging),
    }
    while running := [way for way in ways if laps[way].done < len(places)]:
        way = min(running, key=lambda each: laps[each].seconds)
        lap, (passes, slope_of) = laps[way], ways[way]
        began = time.perf_counter()
        slope = slope_of(*places[lap.done])
        seconds = lap.seconds + time.perf_counter() - began
        apart[way] = max(apart[way], abs(slope - slopes[lap.done]) / largest)
        laps[way] = Lap(way, lap.done + 1, lap.passes + passes, seconds)
        yield Race(len(places), needed, tuple(laps.values()), dict(apart))


def racing(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    of: str,
    statistics: Mapping[str, Array],
) -> Generator[Race, None, Race]:
    """The race for every weight and typed value that node `of` depends on; see `race`.

    Raises as `run.forward`.
    """
    steps = tuple(run.forward(graph, given, weights, statistics=statistics, ancestors_of=of))
    keys = [
        f"{step.node}.{port.name}"
        for step in steps
        for port in graph[step.node].owned(Kind.GIVEN, Kind.WEIGHT)
    ]
    for newest in race(steps, of, keys):
        yield newest
    return newest


def _backward(steps: Sequence[Step], of: str, seed: Array) -> tuple[dict[str, Array], float]:
    """Every gradient by key `node.port`, and the usual time of a backward pass."""
    times = []
    for _repeat in range(REPEATS):
        began = time.perf_counter()
        found = gradients(run.backward(steps, {of: seed}))
        times.append(time.perf_counter() - began)
    by_key = {f"{node}.{port}": g for (node, port, slot), g in found.items() if port and not slot}
    return by_key, sorted(times)[REPEATS // 2]


def _nudging(
    steps: Sequence[Step], of: str, seed: Array, starts: Mapping[str, Array]
) -> Callable[[str, tuple[int, ...]], float]:
    again = Rerun(steps, of, seed)
    floats = {key: np.array(at, dtype=np.float64) for key, at in starts.items()}

    def slope(key: str, place: tuple[int, ...]) -> float:
        (above, high), (below, low) = both_sides(
            lambda value: again(place_of(key), value), floats[key], place, STEP
        )
        return (above - below) / (high - low)

    return slope


def _pushed(
    steps: Sequence[Step], of: str, key: str, place: tuple[int, ...], shape: tuple[int, ...]
) -> float:
    direction = np.zeros(shape)
    direction[place] = 1.0
    return float(np.sum(jvp(steps, of, {key: direction})))
