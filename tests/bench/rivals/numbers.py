"""Networks of single numbers: 1,000 and 10,000 gates as a chain, 20 wide, and wide.

What everybody does in a turn is forward and backward; `run` keeps every value and every edge's
gradient besides, and those who build their graph anew each time, as one does, build it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine import plan, run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Op
from bpstudio.engine.ops.activation import ReLU
from bpstudio.engine.ops.arithmetic import Add, Multiply
from bpstudio.engine.ops.source import Parameter
from bpstudio.engine.optimizers import SGD
from tests.bench.rivals.frameworks import installed

WIDTHS = {"chain": 1, "middle": 20, "wide": 200}
"""How many gates lie side by side in a network of 1,000; in a wide one of 10,000 ten times more."""

Turn = Callable[[], float]
"""Forward and backward once; gives the value at the end."""


@dataclass(frozen=True)
class Numbers:
    """A network of single numbers: the gates in order, each with what it reads by its place."""

    name: str
    leaves: tuple[float, ...]
    gates: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def graph(self) -> Graph:
        """As the studio has it."""
        kinds: dict[str, Callable[[], Op]] = {"add": Add, "multiply": Multiply, "relu": ReLU}
        nodes = {f"v{i}": Node(f"v{i}", Parameter(size=())) for i in range(len(self.leaves))}
        for place, (kind, read) in enumerate(self.gates, start=len(self.leaves)):
            ports = ("x",) if kind == "relu" else ("a", "b")
            sources = {p: (f"v{i}",) for p, i in zip(ports, read, strict=True)}
            nodes[f"v{place}"] = Node(f"v{place}", kinds[kind](), sources)
        return Graph(nodes)

    @property
    def weights(self) -> dict[str, Array]:
        """The numbers at the leaves."""
        return {f"v{i}.value": np.array(number) for i, number in enumerate(self.leaves)}

    def value(self, leaves: list[Any]) -> Any:
        """The value at the end, for leaves that know `+`, `*` and `relu()`."""
        values = list(leaves)
        for kind, read in self.gates:
            a = values[read[0]]
            if kind == "relu":
                values.append(a.relu())
            else:
                b = values[read[1]]
                values.append(a + b if kind == "add" else a * b)
        return values[-1]


def numbers(shape: str, count: int) -> Numbers:
    """A network of that shape: layers of gates, each on one of the layer before and on a leaf."""
    rng = np.random.default_rng(count)
    width = WIDTHS[shape] * (count // 1000 if shape == "wide" else 1)
    leaves = rng.uniform(0.9, 1.1, width + 20) * rng.choice([-1.0, 1.0], width + 20)
    gates: list[tuple[str, tuple[int, ...]]] = []
    layer = list(range(width))
    while len(gates) + 2 * width <= count:
        start = len(leaves) + len(gates)
        for below in layer:
            kind = str(rng.choice(["add", "multiply", "relu"], p=[0.4, 0.4, 0.2]))
            other = int(rng.integers(len(leaves)))
            gates.append((kind, (below,) if kind == "relu" else (below, other)))
        layer = list(range(start, start + width))
    while len(layer) > 1:
        gates.append(("add", (layer.pop(0), layer.pop(0))))
        layer.append(len(leaves) + len(gates) - 1)
    return Numbers(f"{shape}, {len(gates):,}", tuple(leaves.tolist()), tuple(gates))


def turns(work: Numbers) -> tuple[dict[str, Turn], dict[str, float]]:
    """Everybody's turn, and how many milliseconds compiling and showing an edit take.

    Raises SystemExit where two do not come to the same value.
    """
    graph, weights = work.graph, work.weights
    start = time.process_time()
    ready = plan.compile_training(graph, {}, weights, SGD(), rows=1)
    ready.load({})
    ready.gradient()
    compiling = time.process_time() - start

    def planned() -> float:
        ready.gradient()
        return float(ready.loss)

    def recorded() -> float:
        return float(run.record(graph, {}, weights).values[graph.objective])

    found: dict[str, Turn] = {"plan": planned, "run": recorded}
    edits = []
    for _ in range(5):
        start = time.process_time()
        tuple(run.forward(graph, {}, weights))
        edits.append(time.process_time() - start)
    if installed("micrograd"):
        found["micrograd"] = in_micrograd(work)
    if installed("torch"):
        found["PyTorch"] = in_torch(work)
    if installed("autograd") and len(work.gates) < 5000:
        found["autograd"] = in_autograd(work)
    ends = {name: turn() for name, turn in found.items()}
    if not np.allclose(list(ends.values()), ends["plan"], rtol=1e-9, atol=0):
        raise SystemExit(f"{work.name}: the values differ: {ends}")
    return found, {"compile": compiling * 1e3, "edit": sorted(edits)[2] * 1e3}


def in_micrograd(work: Numbers) -> Turn:
    """micrograd, which goes down its graph by recursion."""
    from micrograd.engine import Value

    sys.setrecursionlimit(100_000)

    def turn() -> float:
        end = work.value([Value(number) for number in work.leaves])
        end.backward()
        return float(end.data)

    return turn


def in_torch(work: Numbers) -> Turn:
    """PyTorch on tensors of one number."""
    import torch

    def turn() -> float:
        leaves = [torch.tensor(n, dtype=torch.float64, requires_grad=True) for n in work.leaves]
        end = work.value(leaves)
        end.backward()
        return float(end.detach())

    return turn


def in_autograd(work: Numbers) -> Turn:
    """autograd on NumPy's numbers."""
    import autograd
    import autograd.numpy as xp

    def end(leaves: Any) -> Any:
        values = list(leaves)
        for kind, read in work.gates:
            a = values[read[0]]
            if kind == "relu":
                values.append(xp.maximum(a, 0.0))
            else:
                b = values[read[1]]
                values.append(a + b if kind == "add" else a * b)
        return values[-1]

    valued = autograd.value_and_grad(end)
    return lambda: float(valued(list(work.leaves))[0])
