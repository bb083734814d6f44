"""Jacobians formed against not formed, and the gradient check, beside PyTorch where installed.

    python3 packaging/dev.py bench jacobian [--rounds 15] [--out table.md]

Times are medians of wall time in milliseconds; memory is the peak of what Python's allocators gave
out meanwhile. Both sides compute the same numbers, which is checked first.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpstudio.engine.check import gradient_check
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.jacobian import structure_of
from bpstudio.engine.op import Array
from bpstudio.engine.ops.activation import ReLU, Tanh
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import CrossEntropy
from bpstudio.engine.ops.source import Data, Input
from bpstudio.engine.optimizers import SGD
from bpstudio.engine.plan import compile_training
from bpstudio.engine.run import forward
from bpstudio.engine.shapes import Shape

TORCH = importlib.util.find_spec("torch") is not None


class Row(NamedTuple):
    """One line of the table: what was done, how long it took, how much memory at most."""

    what: str
    milliseconds: float
    megabytes: float | None = None


def timed(turn: Callable[[], Any], rounds: int) -> float:
    """The median time of a turn, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        turn()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def measured(what: str, turn: Callable[[], Any], rounds: int) -> Row:
    """Time and peak memory of a turn."""
    turn()
    tracemalloc.start()
    turn()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Row(what, timed(turn, rounds), peak / 2**20)


def the_4096_numbers(rounds: int) -> list[Row]:
    """The lecture's ReLU on 4,096 numbers, whose Jacobian is a mask of 4,096 zeros and ones."""
    x = np.sin(np.arange(4096))
    graph = Graph({"x": Node("x", Input()), "f": Node("f", ReLU(), {"x": ("x",)})})
    steps = tuple(forward(graph, {"x.value": x}, {}))
    found = structure_of(steps, "f", "x")
    g = np.cos(np.arange(4096))
    table = found.dense()
    assert np.array_equal(g @ table, found.vjp(g))
    rows = [
        measured("4096: structure found", lambda: structure_of(steps, "f", "x"), rounds),
        measured("4096: not formed, g · J", lambda: found.vjp(g), rounds),
        measured("4096: table formed", found.dense, max(3, rounds // 5)),
        measured("4096: g · table", lambda: g @ table, rounds),
    ]
    if TORCH:
        import torch

        start = torch.tensor(x)
        formed: Callable[..., Any] = torch.func.jacrev(torch.relu)
        assert np.array_equal(formed(start).numpy(), table)
        rows.append(Row("4096: PyTorch jacrev, table formed", timed(lambda: formed(start), 3)))
    return rows


def layers(sizes: tuple[int, ...], count: int) -> tuple[Graph, dict[str, Array], dict[str, Array]]:
    """A tanh network with cross-entropy on so many rows, its data and its weights."""
    rng = np.random.default_rng(1)
    nodes, last = {"data1": Node("data1", Data())}, "data1"
    weights: dict[str, Array] = {}
    for place, (inputs, units) in enumerate(pairwise(sizes), start=1):
        id = f"dense{place}"
        nodes[id] = Node(id, Dense(units=units), {"x": (last,)})
        weights |= {
            f"{id}.weight": rng.normal(0, 0.4, (inputs, units)),
            f"{id}.bias": np.zeros(units),
        }
        last = id
        if place < len(sizes) - 1:
            last = f"tanh{place}"
            nodes[last] = Node(last, Tanh(), {"x": (id,)})
    nodes["loss1"] = Node("loss1", CrossEntropy(), {"prediction": (last,)})
    given = {
        "data1.rows": rng.normal(size=(count, sizes[0])),
        "loss1.target": np.eye(sizes[-1])[rng.integers(0, sizes[-1], count)],
    }
    return Graph(nodes), given, weights


def torch_net(sizes: tuple[int, ...], weights: dict[str, Array]) -> Callable[..., Any]:
    """The same network in PyTorch, of its weights in order and one row or many."""
    import torch

    def net(x: Any, *parameters: Any) -> Any:
        for place in range(len(sizes) - 1):
            x = x @ parameters[2 * place] + parameters[2 * place + 1]
            if place < len(sizes) - 2:
                x = torch.tanh(x)
        return x

    return net


def rows_of_500(rounds: int) -> list[Row]:
    """The Jacobian of each of 500 rows of a 2-16-16-2 network, towards its own two inputs."""
    sizes = (2, 16, 16, 2)
    graph, given, weights = layers(sizes, 500)
    steps = tuple(forward(graph, given, weights))
    found = structure_of(steps, "dense3", "data1")
    blocks = found.slopes.reshape(500, 2, 2)
    said = f"500×2×2: {found.form.value}, {found.passes} passes, {found.stored} of {found.cells}"
    rows = [measured(said, lambda: structure_of(steps, "dense3", "data1"), rounds)]
    if TORCH:
        import torch

        net = torch_net(sizes, weights)
        tensors = [torch.tensor(w) for w in weights.values()]
        x = torch.tensor(given["data1.rows"])
        every: Callable[..., Any] = torch.func.vmap(
            torch.func.jacrev(lambda row: net(row, *tensors))
        )
        assert np.allclose(every(x).numpy(), blocks, atol=1e-12)
        rows.append(Row("500×2×2: PyTorch vmap of jacrev", timed(lambda: every(x), rounds)))
    return rows


def check_of_354(rounds: int) -> list[Row]:
    """The gradient check of all parameters of that network over 500 rows."""
    sizes = (2, 16, 16, 2)
    graph, given, weights = layers(sizes, 500)
    count = sum(weight.size for weight in weights.values())
    few = max(3, rounds // 3)
    check = gradient_check(graph, given, weights)
    assert check.max_relative_error < 1e-6
    shapes = {"data1.rows": Shape((2,), True), "loss1.target": Shape((2,), True)}
    plan = compile_training(graph, shapes, weights, SGD(), rows=500)
    plan.load(given)
    rows = [
        Row(
            f"{count} parameters checked", timed(lambda: gradient_check(graph, given, weights), few)
        ),
        Row("the same gradient by one backward pass", timed(plan.gradient, rounds)),
        Row(
            "all wires and nodes too, 20 numbers of each",
            timed(lambda: gradient_check(graph, given, weights, wires=True, most=20), few),
        ),
    ]
    if TORCH:
        import torch

        net = torch_net(sizes, weights)
        tensors = tuple(torch.tensor(w, requires_grad=True) for w in weights.values())
        x, target = torch.tensor(given["data1.rows"]), torch.tensor(given["loss1.target"])

        def loss(*parameters: Any) -> Any:
            return torch.nn.functional.cross_entropy(net(x, *parameters), target)

        rows.append(
            Row(
                f"{count} parameters by torch.autograd.gradcheck",
                timed(lambda: torch.autograd.gradcheck(loss, tensors), few),
            )
        )
    return rows


def main() -> None:
    """Measure, print the table, and write it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    words = parser.parse_args()
    lines = ["| | ms | MB at most |", "|---|--:|--:|"]
    print("\n".join(lines), flush=True)
    for part in (the_4096_numbers, rows_of_500, check_of_354):
        for row in part(words.rounds):
            memory = "–" if row.megabytes is None else f"{row.megabytes:.3f}"
            lines.append(f"| {row.what} | {row.milliseconds:.3f} | {memory} |")
            print(lines[-1], flush=True)
    if words.out is not None:
        words.out.parent.mkdir(parents=True, exist_ok=True)
        words.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
