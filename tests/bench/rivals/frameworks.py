"""Other people's engines on the same workloads; those that are not installed are left out.

Each as its manual has it, in double precision, on one thread: PyTorch with its fused optimizer, JAX
with a step under `jit`, scikit-learn's `partial_fit`, autograd, and micrograd, value by value.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Tanh
from bpstudio.engine.ops.loss import CrossEntropy
from bpstudio.engine.optimizers import Adam
from tests.bench.rivals.works import Rival, Work

NAMES = {Tanh: "tanh", Sigmoid: "sigmoid", ReLU: "relu"}


def installed(name: str) -> bool:
    """Whether the library is there."""
    return importlib.util.find_spec(name) is not None


def torch_model(work: Work) -> Any | None:
    """The network of a workload in PyTorch, with the same weights; None where it is missing."""
    if not installed("torch"):
        return None
    import torch

    torch.set_num_threads(1)
    weights = work.weights()
    names = {Tanh: torch.nn.Tanh, Sigmoid: torch.nn.Sigmoid, ReLU: torch.nn.ReLU}
    layers: list[Any] = []
    for place, (m, n) in enumerate(zip(work.sizes, work.sizes[1:], strict=False), start=1):
        layer = torch.nn.Linear(m, n, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights[f"dense{place}.weight"].T.copy()))
            layer.bias.copy_(torch.from_numpy(weights[f"dense{place}.bias"]))
        kind = work.hidden if place < len(work.sizes) - 1 else work.last
        layers += [layer] if kind is None else [layer, names[kind]()]
    return torch.nn.Sequential(*layers)


def in_torch(work: Work) -> Rival | None:
    """PyTorch as one writes it, with its fused optimizer; None where it is not installed."""
    model, data = torch_model(work), work.data()
    if model is None:
        return None
    import torch

    kind = torch.optim.Adam if isinstance(work.optimizer, Adam) else torch.optim.SGD
    optimizer = kind(model.parameters(), lr=work.rate, fused=True)
    shape = (work.batches, work.rows, -1)
    x = torch.from_numpy(data["data1.rows"].reshape(shape))
    y = torch.from_numpy(data["loss1.target"].reshape(shape))
    classes = work.loss is CrossEntropy
    measure = torch.nn.CrossEntropyLoss() if classes else torch.nn.MSELoss()
    goals = y.argmax(-1) if classes else y
    last: list[Any] = [None]

    def step(batch: int, t: int) -> None:
        optimizer.zero_grad()
        last[0] = loss = measure(model(x[batch]), goals[batch])
        loss.backward()
        optimizer.step()

    return Rival(step, lambda: float(last[0].detach()))


def layers_of(work: Work) -> list[list[Array]]:
    """Weight and bias of each layer, where everybody starts."""
    weights = work.weights()
    places = range(1, len(work.sizes))
    return [[weights[f"dense{p}.weight"], weights[f"dense{p}.bias"]] for p in places]


def measure_of(work: Work, xp: Any) -> Callable[[Any, Any, Any], Any]:
    """`loss(layers, x, y)` in the words of NumPy, for a library that derives it."""
    functions: Mapping[Any, Callable[[Any], Any]] = {
        "tanh": xp.tanh,
        "sigmoid": lambda x: 1.0 / (1.0 + xp.exp(-x)),
        "relu": lambda x: xp.maximum(x, 0.0),
    }

    def loss(layers: Any, x: Any, y: Any) -> Any:
        for place, (weight, bias) in enumerate(layers, start=1):
            kind = work.hidden if place < len(layers) else work.last
            x = xp.dot(x, weight) + bias
            x = x if kind is None else functions[NAMES[kind]](x)
        if work.loss is CrossEntropy:
            x = x - xp.max(x, axis=1, keepdims=True)
            logs = xp.log(xp.sum(xp.exp(x), axis=1))
            return xp.mean(logs - xp.sum(x * y, axis=1))
        return xp.mean((x - y) ** 2)

    return loss


def updated(work: Work, w: Any, g: Any, m: Any, v: Any, t: Any) -> tuple[Any, Any, Any]:
    """A weight after the step, with Adam's two averages (unchanged by plain descent)."""
    rule = work.optimizer
    if not isinstance(rule, Adam):
        return w - work.rate * g, m, v
    m = rule.beta1 * m + (1 - rule.beta1) * g
    v = rule.beta2 * v + (1 - rule.beta2) * g * g
    first, second = m / (1 - rule.beta1**t), v / (1 - rule.beta2**t)
    return w - work.rate * first / (second**0.5 + rule.epsilon), m, v


def batches_of(work: Work) -> tuple[Array, Array]:
    """Features and answers as arrays of (batch, row, number)."""
    data, shape = work.data(), (work.batches, work.rows, -1)
    return data["data1.rows"].reshape(shape), data["loss1.target"].reshape(shape)


def in_jax(work: Work) -> Rival | None:
    """JAX: loss, gradients and update in one compiled step."""
    if not installed("jax"):
        return None
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    xp = jax.numpy
    tree = jax.tree_util.tree_map
    valued = jax.value_and_grad(measure_of(work, xp))

    @jax.jit  # type: ignore[untyped-decorator,unused-ignore]
    def stepped(state: Any, x: Any, y: Any, t: Any) -> Any:
        layers, means, squares = state
        loss, gradients = valued(layers, x, y)
        new = tree(
            lambda w, g, m, v: updated(work, w, g, m, v, t), layers, gradients, means, squares
        )
        parts = tuple(tree(lambda three, i=i: three[i], new, is_leaf=_three) for i in range(3))
        return loss, parts

    layers = tree(xp.asarray, layers_of(work))
    zeros = tree(xp.zeros_like, layers)
    xs, ys = ([xp.asarray(batch) for batch in all_] for all_ in batches_of(work))
    state: Any = (layers, zeros, zeros)
    last: Any = None

    def step(batch: int, t: int) -> None:
        nonlocal state, last
        last, state = stepped(state, xs[batch], ys[batch], float(t))
        # A step is over when its numbers are there, not when they are ordered.
        last.block_until_ready()

    return Rival(step, lambda: float(last))


def _three(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 3


def in_autograd(work: Work) -> Rival | None:
    """autograd, with the update in plain NumPy."""
    if not installed("autograd"):
        return None
    import autograd
    import autograd.numpy as xp

    valued = autograd.value_and_grad(measure_of(work, xp))
    layers = layers_of(work)
    state = [[(np.zeros_like(w), np.zeros_like(w)) for w in layer] for layer in layers]
    xs, ys = batches_of(work)
    last = 0.0

    def step(batch: int, t: int) -> None:
        nonlocal last
        last, gradients = valued(layers, xs[batch], ys[batch])
        for layer, averages, own in zip(layers, state, gradients, strict=True):
            for place, (w, (m, v), g) in enumerate(zip(layer, averages, own, strict=True)):
                layer[place], *both = updated(work, w, g, m, v, t)
                averages[place] = (both[0], both[1])

    return Rival(step, lambda: float(last))


def in_sklearn(work: Work) -> Rival | None:
    """scikit-learn's network, which draws its own start; None where it can't be this network."""
    if not installed("sklearn") or work.last is not None:
        return None
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    classes = work.loss is CrossEntropy
    model: Any = (MLPClassifier if classes else MLPRegressor)(
        hidden_layer_sizes=work.sizes[1:-1],
        activation=NAMES[work.hidden],
        solver="adam" if isinstance(work.optimizer, Adam) else "sgd",
        alpha=0.0,
        batch_size=work.rows,
        learning_rate_init=work.rate,
        momentum=0.0,
        shuffle=False,
        random_state=0,
    )
    xs, ys = batches_of(work)
    goals = ys.argmax(-1) if classes else ys[..., 0]
    known = {"classes": np.arange(work.sizes[-1])} if classes else {}

    def step(batch: int, t: int) -> None:
        model.partial_fit(xs[batch], goals[batch], **known)

    return Rival(step, lambda: float(model.loss_), same_start=False)


def in_micrograd(work: Work) -> Rival | None:
    """micrograd, a value for each number; it has no tanh of its own, so the one of its lecture."""
    if not installed("micrograd") or work.name != "W1":
        return None
    from micrograd.engine import Value

    def tanh(x: Any) -> Any:
        out = Value(float(np.tanh(x.data)), (x,), "tanh")

        def back() -> None:
            x.grad += (1 - out.data**2) * out.grad

        out._backward = back
        return out

    layers = [
        [[[Value(n) for n in row] for row in w.tolist()], [Value(n) for n in b.tolist()]]
        for w, b in layers_of(work)
    ]
    numbers = [v for w, b in layers for v in (*(v for row in w for v in row), *b)]
    xs, ys = batches_of(work)
    last: Any = None

    def outputs(row: list[Any]) -> list[Any]:
        for place, (weight, bias) in enumerate(layers):
            sums = [
                sum((x * line[unit] for x, line in zip(row, weight, strict=True)), own)
                for unit, own in enumerate(bias)
            ]
            final = place == len(layers) - 1
            row = [(tanh(s * 0.5) + 1.0) * 0.5 if final else tanh(s) for s in sums]
        return row

    def step(batch: int, t: int) -> None:
        nonlocal last
        away = [
            (have - float(want)) ** 2
            for x, y in zip(xs[batch].tolist(), ys[batch].tolist(), strict=True)
            for have, want in zip(outputs(x), y, strict=True)
        ]
        last = sum(away[1:], away[0]) * (1.0 / len(away))
        for value in numbers:
            value.grad = 0.0
        last.backward()
        for value in numbers:
            value.data -= work.rate * value.grad

    return Rival(step, lambda: float(last.data))


PEERS: Mapping[str, Callable[[Work], Rival | None]] = {
    "PyTorch": in_torch,
    "JAX": in_jax,
    "scikit-learn": in_sklearn,
    "autograd": in_autograd,
    "micrograd": in_micrograd,
}
