"""Jacobians and gradient checks, beside PyTorch and JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpstudio.engine.check import gradient_check
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.jacobian import structure_of
from bpstudio.engine.op import Array
from bpstudio.engine.ops.activation import ReLU
from bpstudio.engine.ops.source import Input
from bpstudio.engine.run import forward
from tests.bench.jacobian import layers, torch_net
from tests.bench.rivals.frameworks import installed

Turns = dict[str, Callable[[], Any]]
SIZES, ROWS, NUMBERS = (2, 16, 16, 2), 500, 4096


def turns() -> dict[str, Turns]:
    """Everybody's turn by what is computed; AssertionError where two find something else."""
    graph, given, weights = layers(SIZES, ROWS)
    count = sum(weight.size for weight in weights.values())
    return {
        f"{ROWS} × 2 × 2, each row's Jacobian": each_row(graph, given, weights),
        f"{NUMBERS:,} numbers: all of ReLU's slopes": of_numbers(),
        f"check of {count} parameters over {ROWS} rows": check(graph, given, weights),
    }


def each_row(graph: Graph, given: dict[str, Array], weights: dict[str, Array]) -> Turns:
    """The Jacobian of each row's outputs towards its own inputs."""
    steps, rows = tuple(forward(graph, given, weights)), given["data1.rows"]
    found: Turns = {"ours": lambda: structure_of(steps, "dense3", "data1").slopes}
    if installed("torch"):
        import torch

        net, x = torch_net(SIZES, weights), torch.tensor(rows)
        own = [torch.tensor(w) for w in weights.values()]
        formed: Callable[..., Any] = torch.func.vmap(torch.func.jacrev(lambda row: net(row, *own)))
        found["PyTorch"] = lambda: formed(x).numpy()
    if installed("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        arrays = [jax.numpy.asarray(w) for w in weights.values()]

        def of_row(row: Any) -> Any:
            for place in range(0, len(arrays), 2):
                row = row @ arrays[place] + arrays[place + 1]
                row = jax.numpy.tanh(row) if place < len(arrays) - 2 else row
            return row

        compiled = jax.jit(jax.vmap(jax.jacrev(of_row)))
        found["JAX"] = lambda: np.asarray(compiled(rows))
    agree(found)
    return found


def of_numbers() -> Turns:
    """The slopes of ReLU on many numbers: ours as its diagonal, the others' as a table."""
    x = np.sin(np.arange(NUMBERS))
    graph = Graph({"x": Node("x", Input()), "f": Node("f", ReLU(), {"x": ("x",)})})
    steps = tuple(forward(graph, {"x.value": x}, {}))
    found: Turns = {"ours": lambda: structure_of(steps, "f", "x")}
    if installed("torch"):
        import torch

        start = torch.tensor(x)
        formed: Callable[..., Any] = torch.func.jacrev(torch.relu)
        assert np.array_equal(np.diag(formed(start).numpy()), found["ours"]().slopes.ravel())
        found["PyTorch"] = lambda: formed(start)
    return found


def check(graph: Graph, given: dict[str, Array], weights: dict[str, Array]) -> Turns:
    """Every parameter nudged to both sides."""
    assert gradient_check(graph, given, weights).max_relative_error < 1e-6
    found: Turns = {"ours": lambda: gradient_check(graph, given, weights)}
    if installed("torch"):
        import torch

        net, x = torch_net(SIZES, weights), torch.tensor(given["data1.rows"])
        target = torch.tensor(given["loss1.target"])
        own = tuple(torch.tensor(w, requires_grad=True) for w in weights.values())

        def loss(*parameters: Any) -> Any:
            return torch.nn.functional.cross_entropy(net(x, *parameters), target)

        found["PyTorch"] = lambda: torch.autograd.gradcheck(loss, own)
    return found


def agree(found: Turns) -> None:
    """Fail where two come to other numbers."""
    wanted = np.asarray(found["ours"]()).ravel()
    for name, turn in found.items():
        assert np.allclose(np.asarray(turn()).ravel(), wanted, rtol=0, atol=1e-12), name
