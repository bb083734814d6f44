"""Time of a training step: the compiled plan against flat NumPy by hand, `run` and PyTorch.

    python3 packaging/dev.py bench engine [--rounds 25] [--only W1 W2] [--out table.md]

All take turns in one process, shuffled in every round; what counts is CPU time, and of the ratios
to the plan by hand the median over the rounds. Everybody starts from the same weights on the same
data, and after 20 steps the losses must agree.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bpstudio.engine import plan, run
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Op
from bpstudio.engine.ops.activation import ReLU, Sigmoid, Tanh
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.loss import CrossEntropy, SquaredError
from bpstudio.engine.ops.source import Data
from bpstudio.engine.optimizers import SGD, Adam, Optimizer
from bpstudio.engine.shapes import Shape

STEPS = 20
"""Steps after which the losses are compared."""

Step = Callable[[int, int], Any]
"""`step(batch, t)` trains on one batch; t counts from 1."""


@dataclass(frozen=True)
class Work:
    """One workload: a layered network, how it is trained, and its data."""

    name: str
    sizes: tuple[int, ...]
    hidden: type[Op]
    last: type[Op] | None
    loss: type[Op]
    optimizer: Optimizer
    rate: float
    rows: int
    batches: int

    @property
    def graph(self) -> Graph:
        """The network; its prediction is the node before `loss1`."""
        nodes = {"data1": Node("data1", Data())}
        feeding = "data1"

        def add(id: str, op: Op, port: str = "x") -> str:
            nodes[id] = Node(id, op, {port: (feeding,)})
            return id

        for place, units in enumerate(self.sizes[1:], start=1):
            feeding = add(f"dense{place}", Dense(units=units))
            kind = self.hidden if place < len(self.sizes) - 1 else self.last
            if kind is not None:
                feeding = add(f"act{place}", kind())
        add("loss1", self.loss(), "prediction")
        return Graph(nodes)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of features and targets."""
        return {
            "data1.rows": Shape(self.sizes[:1], True),
            "loss1.target": Shape(self.sizes[-1:], True),
        }

    def weights(self) -> dict[str, Array]:
        """Where everybody starts."""
        rng = np.random.default_rng(7)
        pairs = list(zip(self.sizes, self.sizes[1:], strict=False))
        return {
            key: array
            for place, (m, n) in enumerate(pairs, start=1)
            for key, array in (
                (f"dense{place}.weight", rng.normal(0, (2 / (m + n)) ** 0.5, (m, n))),
                (f"dense{place}.bias", np.zeros(n)),
            )
        }

    def data(self) -> dict[str, Array]:
        """Features and answers for all batches."""
        rng = np.random.default_rng(8)
        count, width = self.rows * self.batches, self.sizes[-1]
        features = rng.normal(size=(count, self.sizes[0]))
        if self.loss is CrossEntropy:
            answers = np.eye(width)[rng.integers(0, width, count)]
        else:
            answers = rng.integers(0, 2, (count, width)).astype(float)
        return {"data1.rows": features, "loss1.target": answers}


WORKS = (
    Work("W1", (2, 4, 1), Tanh, Sigmoid, SquaredError, SGD(), 0.5, 4, 1),
    Work("W2", (2, 16, 16, 2), Tanh, None, CrossEntropy, Adam(), 0.01, 32, 8),
    Work("W2p", (2, 16, 16, 1), Tanh, None, SquaredError, SGD(), 0.1, 32, 8),
    Work("W3", (2, 16, 16, 2), Tanh, None, CrossEntropy, Adam(), 0.01, 500, 1),
    Work("W4", (64, 128, 64, 10), ReLU, None, CrossEntropy, Adam(), 0.001, 64, 8),
    Work("W5", (784, 256, 128, 10), ReLU, None, CrossEntropy, Adam(), 0.001, 128, 4),
)


@dataclass(frozen=True)
class Rival:
    """One way to train: a step, its loss after the last step, and how many steps to time."""

    step: Step
    loss: Callable[[], float]


@dataclass
class Memory:
    """What plans by hand have in common: vectors, slabs of weights over biases, batches."""

    work: Work

    def __post_init__(self) -> None:
        work, weights, data = self.work, self.work.weights(), self.work.data()
        pairs = list(zip(work.sizes, work.sizes[1:], strict=False))
        self.size = sum((m + 1) * n for m, n in pairs)
        self.w, self.g = np.zeros(self.size), np.zeros(self.size)
        self.m, self.v, self.tmp = (np.zeros(self.size) for _ in range(3))
        self.slabs, self.gradients = [], []
        start = 0
        for place, (m, n) in enumerate(pairs, start=1):
            where = slice(start, start + (m + 1) * n)
            slab = self.w[where].reshape(m + 1, n)
            slab[:m], slab[m] = weights[f"dense{place}.weight"], weights[f"dense{place}.bias"]
            self.slabs.append(slab)
            self.gradients.append(self.g[where].reshape(m + 1, n))
            start = where.stop
        self.inputs = np.ones((work.batches, work.sizes[0] + 1, work.rows))
        self.answers = np.ones((work.batches, work.sizes[-1], work.rows))
        shape = (work.batches, work.rows, -1)
        self.inputs[:, :-1] = np.moveaxis(data["data1.rows"].reshape(shape), 1, -1)
        self.answers[:] = np.moveaxis(data["loss1.target"].reshape(shape), 1, -1)
        self.loss = np.zeros(())


def w1_by_hand(work: Work) -> Rival:
    """tanh, then sigmoid and the mean squared error; plain gradient descent."""
    memory = Memory(work)
    w, g, tmp, loss = memory.w, memory.g, memory.tmp, memory.loss
    (slab1, slab2), (slab1_g, slab2_g) = memory.slabs, memory.gradients
    hidden, rows = work.sizes[1], work.rows
    forward1, forward2 = slab1.T.dot, slab2.T.dot
    back2 = slab2[:-1].dot
    h_one = np.ones((hidden + 1, rows))
    h, h_t = h_one[:-1], h_one.dot
    a, p, e, q, d = (np.empty((hidden, rows)), *(np.empty((1, rows)) for _ in range(4)))
    s, dh, d_t = np.empty((hidden, rows)), np.empty((hidden, rows)), d.T
    p_out, d_flat = p, e.reshape(-1)
    square_sum = d_flat.dot
    tanh, negative, exp, add, reciprocal = np.tanh, np.negative, np.exp, np.add, np.reciprocal
    multiply, subtract, divide = np.multiply, np.subtract, np.divide
    one, count, factor = np.ones(()), np.array(float(rows)), np.array(2 / rows)
    rate_now = np.zeros(())
    total = np.zeros(())
    dh_t = dh.T

    def bind(x: Array, y: Array) -> Callable[[float], None]:
        x_t = x.dot

        def step(rate: float) -> None:
            forward1(x, a)
            tanh(a, h)
            forward2(h_one, q)
            negative(q, q)
            exp(q, q)
            add(q, one, q)
            reciprocal(q, p_out)
            subtract(p, y, e)
            square_sum(d_flat, total)
            divide(total, count, loss)
            subtract(one, p, q)
            multiply(q, p, d)
            multiply(e, factor, q)
            multiply(q, d, e)
            h_t(e_t, slab2_g)
            back2(e, a)
            multiply(h, h, s)
            subtract(one, s, s)
            multiply(a, s, dh)
            x_t(dh_t, slab1_g)
            rate_now[()] = rate
            multiply(g, rate_now, tmp)
            subtract(w, tmp, w)

        return step

    e_t = e.T
    del d_t
    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate), lambda: float(loss))


def w2p_by_hand(work: Work) -> Rival:
    """Two layers of tanh and the mean squared error; plain gradient descent."""
    memory = Memory(work)
    w, g, tmp, loss = memory.w, memory.g, memory.tmp, memory.loss
    (slab1, slab2, slab3), (slab1_g, slab2_g, slab3_g) = memory.slabs, memory.gradients
    rows, (_, first, second, _) = work.rows, work.sizes
    forward1, forward2, forward3 = slab1.T.dot, slab2.T.dot, slab3.T.dot
    back2, back3 = slab2[:-1].dot, slab3[:-1].dot
    h1_one, h2_one = np.ones((first + 1, rows)), np.ones((second + 1, rows))
    h1, h2, h1_t, h2_t = h1_one[:-1], h2_one[:-1], h1_one.dot, h2_one.dot
    a1, s1, d1 = (np.empty((first, rows)) for _ in range(3))
    a2, s2, d2 = (np.empty((second, rows)) for _ in range(3))
    p, e, q = (np.empty((1, rows)) for _ in range(3))
    flat = e.reshape(-1)
    square_sum, q_t, d1_t, d2_t = flat.dot, q.T, d1.T, d2.T
    tanh, multiply, subtract, divide = np.tanh, np.multiply, np.subtract, np.divide
    one, count, factor = np.ones(()), np.array(float(rows)), np.array(2 / rows)
    rate_now, total = np.zeros(()), np.zeros(())

    def bind(x: Array, y: Array) -> Callable[[float], None]:
        x_t = x.dot

        def step(rate: float) -> None:
            forward1(x, a1)
            tanh(a1, h1)
            forward2(h1_one, a2)
            tanh(a2, h2)
            forward3(h2_one, p)
            subtract(p, y, e)
            square_sum(flat, total)
            divide(total, count, loss)
            multiply(e, factor, q)
            h2_t(q_t, slab3_g)
            back3(q, a2)
            multiply(h2, h2, s2)
            subtract(one, s2, s2)
            multiply(a2, s2, d2)
            h1_t(d2_t, slab2_g)
            back2(d2, a1)
            multiply(h1, h1, s1)
            subtract(one, s1, s1)
            multiply(a1, s1, d1)
            x_t(d1_t, slab1_g)
            rate_now[()] = rate
            multiply(g, rate_now, tmp)
            subtract(w, tmp, w)

        return step

    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate), lambda: float(loss))


def adam_by_hand(memory: Memory, settings: Adam) -> Callable[[float, float], None]:
    """Ten calls over the whole vectors; the factors 1 − β are moved into the two numbers."""
    w, g, m, v, tmp = memory.w, memory.g, memory.m, memory.v, memory.tmp
    other = np.empty_like(w)
    beta1, beta2, epsilon = settings.beta1, settings.beta2, settings.epsilon
    beta1_now, beta2_now = np.array(beta1), np.array(beta2)
    scale, shift = np.zeros(()), np.zeros(())
    multiply, add, sqrt, divide, subtract = np.multiply, np.add, np.sqrt, np.divide, np.subtract

    def update(rate: float, t: float) -> None:
        correction = ((1.0 - beta2**t) / (1.0 - beta2)) ** 0.5
        scale[()] = rate * correction * (1.0 - beta1) / (1.0 - beta1**t)
        shift[()] = epsilon * correction
        multiply(m, beta1_now, m)
        add(m, g, m)
        multiply(g, g, tmp)
        multiply(v, beta2_now, v)
        add(v, tmp, v)
        sqrt(v, tmp)
        add(tmp, shift, tmp)
        divide(m, tmp, other)
        multiply(other, scale, tmp)
        subtract(w, tmp, w)

    return update


def w2_by_hand(work: Work) -> Rival:
    """Two layers of tanh and the cross-entropy of two classes; Adam."""
    memory = Memory(work)
    (slab1, slab2, slab3), (slab1_g, slab2_g, slab3_g) = memory.slabs, memory.gradients
    rows, (_, first, second, _), loss = work.rows, work.sizes, memory.loss
    forward1, forward2, forward3 = slab1.T.dot, slab2.T.dot, slab3.T.dot
    back2, back3 = slab2[:-1].dot, slab3[:-1].dot
    h1_one, h2_one = np.ones((first + 1, rows)), np.ones((second + 1, rows))
    h1, h2, h1_t, h2_t = h1_one[:-1], h2_one[:-1], h1_one.dot, h2_one.dot
    a1, s1, d1 = (np.empty((first, rows)) for _ in range(3))
    a2, s2, d2 = (np.empty((second, rows)) for _ in range(3))
    z, u, r, q = (np.empty((2, rows)) for _ in range(4))
    top, total = np.empty(rows), np.empty(rows)
    (z0, z1), (u0, u1), (r0, r1), (q0, q1) = z, u, r, q
    u_flat, ones = u.reshape(-1), np.ones(rows)
    q_t, d1_t, d2_t = q.T, d1.T, d2.T
    tanh, multiply, subtract, divide = np.tanh, np.multiply, np.subtract, np.divide
    maximum, exp, log, add = np.maximum, np.exp, np.log, np.add
    sum_logs, one, share = ones.dot, np.ones(()), np.array(1 / rows)
    logs = np.empty(rows)
    logs_sum, hit = np.zeros(()), np.zeros(())
    update = adam_by_hand(memory, work.optimizer)  # type: ignore[arg-type]

    def bind(x: Array, y: Array) -> Callable[[float, float], None]:
        x_t, hits = x.dot, y.reshape(-1).dot

        def step(rate: float, t: float) -> None:
            forward1(x, a1)
            tanh(a1, h1)
            forward2(h1_one, a2)
            tanh(a2, h2)
            forward3(h2_one, z)
            maximum(z0, z1, out=top)
            subtract(z0, top, u0)
            subtract(z1, top, u1)
            exp(u, r)
            add(r0, r1, total)
            log(total, logs)
            sum_logs(logs, logs_sum)
            hits(u_flat, hit)
            subtract(logs_sum, hit, hit)
            multiply(hit, share, loss)
            divide(r0, total, q0)
            divide(r1, total, q1)
            subtract(q, y, r)
            multiply(r, share, q)
            h2_t(q_t, slab3_g)
            back3(q, a2)
            multiply(h2, h2, s2)
            subtract(one, s2, s2)
            multiply(a2, s2, d2)
            h1_t(d2_t, slab2_g)
            back2(d2, a1)
            multiply(h1, h1, s1)
            subtract(one, s1, s1)
            multiply(a1, s1, d1)
            x_t(d1_t, slab1_g)
            update(rate, t)

        return step

    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate, float(t)), lambda: float(loss))


def w4_by_hand(work: Work) -> Rival:
    """Two layers of ReLU and the cross-entropy of several classes; Adam."""
    memory = Memory(work)
    (slab1, slab2, slab3), (slab1_g, slab2_g, slab3_g) = memory.slabs, memory.gradients
    rows, (_, first, second, classes), loss = work.rows, work.sizes, memory.loss
    forward1, forward2, forward3 = slab1.T.dot, slab2.T.dot, slab3.T.dot
    back2, back3 = slab2[:-1].dot, slab3[:-1].dot
    h1_one, h2_one = np.ones((first + 1, rows)), np.ones((second + 1, rows))
    h1, h2, h1_t, h2_t = h1_one[:-1], h2_one[:-1], h1_one.dot, h2_one.dot
    a1, d1, on1 = np.empty((first, rows)), np.empty((first, rows)), np.empty((first, rows), bool)
    a2, d2, on2 = np.empty((second, rows)), np.empty((second, rows)), np.empty((second, rows), bool)
    z, u, r, q = (np.empty((classes, rows)) for _ in range(4))
    top, total, logs = np.empty(rows), np.empty(rows), np.empty(rows)
    u_flat, ones = u.reshape(-1), np.ones(rows)
    q_t, d1_t, d2_t = q.T, d1.T, d2.T
    multiply, subtract, divide, greater = np.multiply, np.subtract, np.divide, np.greater
    maximum, exp, log = np.maximum, np.exp, np.log
    highest: Any = np.maximum.reduce
    add_up: Any = np.add.reduce
    sum_logs = ones.dot
    zero, share = np.zeros(()), np.array(1 / rows)
    logs_sum, hit = np.zeros(()), np.zeros(())
    update = adam_by_hand(memory, work.optimizer)  # type: ignore[arg-type]

    def bind(x: Array, y: Array) -> Callable[[float, float], None]:
        x_t, hits = x.dot, y.reshape(-1).dot

        def step(rate: float, t: float) -> None:
            forward1(x, a1)
            maximum(a1, zero, out=h1)
            forward2(h1_one, a2)
            maximum(a2, zero, out=h2)
            forward3(h2_one, z)
            highest(z, 0, None, top)
            subtract(z, top, u)
            exp(u, r)
            add_up(r, 0, None, total)
            log(total, logs)
            sum_logs(logs, logs_sum)
            hits(u_flat, hit)
            subtract(logs_sum, hit, hit)
            multiply(hit, share, loss)
            divide(r, total, r)
            subtract(r, y, q)
            multiply(q, share, q)
            h2_t(q_t, slab3_g)
            greater(a2, zero, on2)
            back3(q, a2)
            multiply(a2, on2, d2)
            h1_t(d2_t, slab2_g)
            greater(a1, zero, on1)
            back2(d2, a1)
            multiply(a1, on1, d1)
            x_t(d1_t, slab1_g)
            update(rate, t)

        return step

    steps = [bind(memory.inputs[i], memory.answers[i]) for i in range(work.batches)]
    rate = work.rate
    return Rival(lambda batch, t: steps[batch](rate, float(t)), lambda: float(loss))


BY_HAND: Mapping[str, Callable[[Work], Rival]] = {
    "W1": w1_by_hand,
    "W2": w2_by_hand,
    "W2p": w2p_by_hand,
    "W3": w2_by_hand,
    "W4": w4_by_hand,
    "W5": w4_by_hand,
}


def compiled(work: Work, dtype: Any) -> Rival:
    """The plan of the engine, compiled from the gates."""
    ready = plan.compile_training(
        work.graph, work.shapes, work.weights(), work.optimizer, rows=work.rows, dtype=dtype
    )
    ready.load(work.data())
    step, rate = ready.step, work.rate
    return Rival(lambda batch, t: step(batch, rate, t), lambda: float(ready.loss))


def recorded(work: Work) -> Rival:
    """`run`, which records every step of every gate, and the optimizer's own rule."""
    graph, weights, data = work.graph, work.weights(), work.data()
    state: dict[str, list[Any]] = {
        key: [np.zeros_like(w) for _ in work.optimizer.state] for key, w in weights.items()
    }
    last = [0.0]

    def step(batch: int, t: int) -> None:
        rows = slice(batch * work.rows, (batch + 1) * work.rows)
        recording = run.record(graph, {k: a[rows] for k, a in data.items()}, weights)
        last[0] = float(recording.values["loss1"])
        for key, gradient in recording.weight_gradients.items():
            new = work.optimizer.update(weights[key], gradient, work.rate, t, *state[key])
            weights[key] = new["w"]
            state[key] = [new[name] for name in work.optimizer.state]

    return Rival(step, lambda: last[0])


def torch_model(work: Work) -> Any | None:
    """The network of a workload in PyTorch, with the same weights; None where it is missing."""
    try:
        import torch
    except ImportError:
        return None
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


def grid_rivals() -> dict[str, Callable[[], Any]]:
    """W6: the network of W2 on the 200 × 200 points of a picture."""
    work = WORKS[1]
    weights, graph = work.weights(), work.graph
    axis = np.linspace(-1, 1, 200)
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    memory = Memory(work)
    count = len(points)
    x = np.ones((3, count))
    x[:2] = points.T
    h1, h2, z = np.ones((17, count)), np.ones((17, count)), np.empty((2, count))
    slab1, slab2, slab3 = memory.slabs

    def by_hand() -> Array:
        slab1.T.dot(x, h1[:16])
        np.tanh(h1[:16], h1[:16])
        slab2.T.dot(h1, h2[:16])
        np.tanh(h2[:16], h2[:16])
        slab3.T.dot(h2, z)
        return z.T

    rivals: dict[str, Callable[[], Any]] = {"by hand": by_hand}
    for name, dtype, rows in (("plan", np.float64, 2000), ("plan, float32", np.float32, 2000)):
        predictor = plan.compile_predictor(graph, work.shapes, "dense3", rows=rows, dtype=dtype)
        rivals[name] = lambda predictor=predictor: predictor(weights, {"data1.rows": points})  # type: ignore[misc]
    rivals["run"] = lambda: (
        list(run.forward(graph, {"data1.rows": points}, weights, ancestors_of="dense3"))[-1].output
    )
    model = torch_model(work)
    if model is not None:
        import torch

        def in_torch() -> Array:
            with torch.no_grad():
                found: Array = model(torch.from_numpy(points)).numpy()
            return found

        rivals["PyTorch"] = in_torch
    expected = by_hand()
    for name, rival in rivals.items():
        far = float(np.abs(rival() - expected).max())
        if far > (1e-5 if "32" in name else 1e-12):
            raise SystemExit(f"W6: {name} is {far:.1e} from the plan by hand")
    return rivals


def rivals_of(work: Work) -> dict[str, Rival]:
    """Everybody who takes part in a workload; raises SystemExit where they disagree."""
    rivals = {
        "by hand": BY_HAND[work.name](work),
        "plan": compiled(work, np.float64),
        "plan, float32": compiled(work, np.float32),
        "run": recorded(work),
    }
    torch = in_torch(work)
    if torch is not None:
        rivals["PyTorch"] = torch
    losses = {}
    for name, rival in rivals.items():
        for t in range(1, STEPS + 1):
            rival.step(t % work.batches, t)
        losses[name] = rival.loss()
    wanted = losses["by hand"]
    for name, loss in losses.items():
        if abs(loss - wanted) > (1e-4 if "32" in name else 1e-9) * max(1.0, abs(wanted)):
            raise SystemExit(f"{work.name}: after {STEPS} steps the losses differ: {losses}")
    return rivals


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


def main() -> None:
    """Measure, print the table, and write it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=0.02, help="of one turn")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    words = parser.parse_args()
    random.seed(1)
    columns = ["by hand", "plan", "plan, float32", "run", "PyTorch"]
    lines = [
        "| | µs by hand | " + " | ".join(columns[1:]) + " | compile ms |",
        "|---|--:" + "|--:" * len(columns) + "|",
    ]
    print("\n".join(lines), flush=True)
    for name in [work.name for work in WORKS] + ["W6"]:
        if words.only and name not in words.only:
            continue
        compiling = 0.0
        if name == "W6":
            turns = {key: grid_turn(rival) for key, rival in grid_rivals().items()}
        else:
            work = next(work for work in WORKS if work.name == name)
            with np.errstate(all="ignore"):
                rivals = rivals_of(work)
            turns = {key: turn_of(rival, work.batches) for key, rival in rivals.items()}
            start = time.process_time()
            compiled(work, np.float64).step(0, 1)
            compiling = (time.process_time() - start) * 1e3
        medians, ratios = measured(turns, words.rounds, words.seconds)
        cells = [
            f"{statistics.median(ratios[key]):.2f}" if key in ratios else "–" for key in columns[1:]
        ]
        cells.append(f"{compiling:.1f}" if compiling else "–")
        lines.append(f"| {name} | {medians['by hand'] * 1e6:.1f} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    if words.out is not None:
        words.out.parent.mkdir(parents=True, exist_ok=True)
        words.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
