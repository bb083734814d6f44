"""The engine beside its peers: training steps, single numbers, pictures, derivatives, runs stacked,
what a training keeps of its past, memory.

    python3 packaging/dev.py bench engine [--rounds 25] [--only W1 numbers pictures derivatives …]
    PYTHONPATH=. /elsewhere/venv/bin/python tests/bench/engine.py engine-and-peers.md

All take turns in one process, shuffled in every round; what counts is CPU time, and of the ratios
to the first the median over the rounds. Everybody starts from the same weights on the same data,
and after 20 steps the losses must agree (scikit-learn draws its own start). Peers that are not
installed are left out; the second line is for an environment that has them: PyTorch, JAX,
scikit-learn, autograd, micrograd. The table is written to the file.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import history, stack
from tests.bench.rivals import derivatives, memory, numbers, pictures
from tests.bench.rivals.by_hand import BY_HAND
from tests.bench.rivals.frameworks import PEERS
from tests.bench.rivals.grid import grid_rivals
from tests.bench.rivals.ours import compiled, recorded
from tests.bench.rivals.timing import grid_turn, head, measured, row, turn_of
from tests.bench.rivals.works import STEPS, WORKS, Rival, Work

ROUNDS_OF_SLOW = 7
"""Rounds where a turn of a peer takes long."""


def rivals_of(work: Work) -> dict[str, Rival]:
    """Everybody who takes part in a workload; raises SystemExit where they disagree."""
    makers: dict[str, Callable[[Work], Rival | None]] = {
        "by hand": BY_HAND[work.name],
        "plan": lambda work: compiled(work, np.float64),
        "plan, float32": lambda work: compiled(work, np.float32),
        "run": recorded,
        **PEERS,
    }
    made = {name: make(work) for name, make in makers.items()}
    rivals = {name: rival for name, rival in made.items() if rival is not None}
    losses = {}
    for name, rival in rivals.items():
        for t in range(1, STEPS + 1):
            rival.step(t % work.batches, t)
        if rival.same_start:
            losses[name] = rival.loss()
    wanted = losses["by hand"]
    for name, loss in losses.items():
        if abs(loss - wanted) > (1e-4 if "32" in name else 1e-9) * max(1.0, abs(wanted)):
            raise SystemExit(f"{work.name}: after {STEPS} steps the losses differ: {losses}")
    return rivals


def training(words: argparse.Namespace) -> Iterator[str]:
    """W1 to W6 relative to flat NumPy by hand."""
    names = [work.name for work in WORKS if wanted(words, work.name)]
    columns = ["plan", "plan, float32", "run", *PEERS]
    if names or wanted(words, "W6"):
        yield from head("by hand = 1", ["µs by hand", *columns, "compile ms"])
    for work in WORKS:
        if work.name not in names:
            continue
        with np.errstate(all="ignore"):
            rivals = rivals_of(work)
        turns = {key: turn_of(rival, work.batches) for key, rival in rivals.items()}
        start = time.process_time()
        compiled(work, np.float64).step(0, 1)
        compiling = (time.process_time() - start) * 1e3
        medians, ratios = measured(turns, words.rounds, words.seconds)
        first = f"{medians['by hand'] * 1e6:.1f}"
        yield f"{row(work.name, columns, ratios, first)} {compiling:.1f} |"
    if wanted(words, "W6"):
        grids = {key: grid_turn(rival) for key, rival in grid_rivals().items()}
        medians, ratios = measured(grids, words.rounds, words.seconds)
        first = f"{medians['by hand'] * 1e6:.1f}"
        yield f"{row('W6', columns, ratios, first)} – |"


def single_numbers(words: argparse.Namespace) -> Iterator[str]:
    """Networks of single numbers relative to the plan."""
    columns = ["run", "micrograd", "PyTorch", "autograd"]
    yield from head("plan = 1", ["ns a gate", *columns, "compile ms", "an edit, ms"])
    for count in (1000, 10_000):
        for shape in numbers.WIDTHS:
            work = numbers.numbers(shape, count)
            found, times = numbers.turns(work)
            turns = {name: grid_turn(turn) for name, turn in found.items()}
            medians, ratios = measured(turns, min(words.rounds, ROUNDS_OF_SLOW), words.seconds)
            each = f"{medians['plan'] / len(work.gates) * 1e9:.0f}"
            line = row(work.name, columns, ratios, each)
            yield f"{line} {times['compile']:.0f} | {times['edit']:.1f} |"


def convolutions(words: argparse.Namespace) -> Iterator[str]:
    """Networks for pictures relative to the plan."""
    columns = ["plan, float32", "run", "PyTorch", "PyTorch, float32"]
    yield from head("plan = 1", ["ms a step", *columns])
    for work in pictures.PICTURES:
        turns = {name: turn_of(rival, 1) for name, rival in pictures.rivals_of(work).items()}
        medians, ratios = measured(turns, min(words.rounds, ROUNDS_OF_SLOW), words.seconds)
        yield row(work.name, columns, ratios, f"{medians['plan'] * 1e3:.2f}")


def by_derivatives(words: argparse.Namespace) -> Iterator[str]:
    """Jacobians and the gradient check relative to ours."""
    columns = ["PyTorch", "JAX"]
    yield from head("ours = 1", ["ms", *columns])
    for name, found in derivatives.turns().items():
        turns = {key: grid_turn(turn) for key, turn in found.items()}
        medians, ratios = measured(turns, min(words.rounds, ROUNDS_OF_SLOW), words.seconds)
        yield row(name, columns, ratios, f"{medians['ours'] * 1e3:.3f}")


def room(words: argparse.Namespace) -> Iterator[str]:
    """The memory of plans."""
    yield from head("plan", ["MB", "MB, nothing used again", "share"])
    makers: dict[str, Callable[[], Any]] = {
        work.name: lambda work=work: compiled(work, np.float64)  # type: ignore[misc]
        for work in WORKS
    }
    makers |= {
        work.name: lambda work=work: pictures.compiled(work, np.float64)  # type: ignore[misc]
        for work in pictures.PICTURES
    }

    def stepped(make: Callable[[], Any]) -> Any:
        made = make()
        made.step(0, 1)
        return made

    for name, make in makers.items():
        have, without = memory.with_and_without(lambda make=make: stepped(make))  # type: ignore[misc]
        yield f"| {name} | {have:.2f} | {without:.2f} | {have / without:.2f} |"


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "numbers": single_numbers,
    "pictures": convolutions,
    "derivatives": by_derivatives,
    "stacked": lambda words: stack.table(min(words.rounds, ROUNDS_OF_SLOW)),
    "history": lambda words: history.table(min(words.rounds, ROUNDS_OF_SLOW)),
    "memory": room,
}


def wanted(words: argparse.Namespace, name: str) -> bool:
    """Whether a person asked for it, or for nothing in particular."""
    return not words.only or name in words.only


def main() -> None:
    """Measure, print the tables, and write them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, nargs="?", default=Path("engine-and-peers.md"))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=0.02, help="of one turn")
    parser.add_argument("--only", nargs="*", default=[])
    words = parser.parse_args()
    random.seed(1)
    lines: list[str] = []
    for part in [training, *(make for name, make in PARTS.items() if wanted(words, name))]:
        for line in part(words):
            lines.append(line)
            print(line, flush=True)
            words.table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        lines.append("")
        print()
    print(f"Written to {words.table}.")


if __name__ == "__main__":
    main()
