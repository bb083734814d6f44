"""Random graphs of every gate that PyTorch mirrors, with three answers to what each one gives.

A graph has 5 to 60 nodes: reuse, forks, broadcasting, up to four axes, shared weights, a batch or
none, noise and losses. Gates with a kink are kept away from it, because there the last bit of a
sum, which may be added in any order, decides between two gradients.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpstudio.engine import plan, run
from bpstudio.engine.op import Array, Kind, Op, catalog
from bpstudio.engine.optimizers import SGD
from bpstudio.engine.shapes import Shape
from tests.engine.test_plan import ROWS, Network
from tests.engine.torch_gates import IN_TORCH

LEAST, MOST = 5, 60
"""How many nodes a graph has."""
ROOM = 10
"""How many nodes one more gate brings at most, with its guards and what adds it up."""

SPELT_HERE = ("scale", "shift")
"""Gates that are one operator in Python, in PyTorch as here."""

GATES = tuple(
    name
    for name, kind in sorted(catalog.items())
    if name in IN_TORCH or name in SPELT_HERE or "torch" in kind.exports
)
POSITIVE = {("divide", "b"), ("reciprocal", "x"), ("l2_norm", "x")}
"""Arguments that must stay away from 0, besides those with a domain."""
BOUNDED = {("exp", "x"), ("power", "b")}
"""Arguments that must not be large."""
LARGE = 20.0
"""What gives larger numbers goes through a tanh, so that depth does not end in infinity."""
TRIES = 5
"""How many choices of sources a gate gets."""
PICTURES = ("conv2d", "max_pool2d", "average_pool2d")
NUDGE, STEADY = 1e-8, 1e-4
"""A gate whose gradients change by more than STEADY when its arguments change by NUDGE is at a
kink."""


def random_graph(seed: int) -> tuple[Network, str]:
    """A network and the node whose sum is the loss; the same for the same seed."""
    rng = np.random.default_rng([11, seed])
    growing = Growing(Network(), {}, rng)
    size = min(MOST - ROOM, LEAST + 3 + int(rng.exponential(7)))
    rank = int(rng.choice([0, 1, 1, 2, 2, 3]))
    batched = bool(rng.integers(0, 4))
    features = tuple(int(n) for n in rng.choice([1, 2, 3, 6], rank))
    growing.source("data" if batched else "input", Shape(features, batched))
    for _ in range(int(rng.integers(1, 3))):
        growing.parameter(growing.some_axes(rank))
    if rng.random() < 0.5:
        growing.source("input", Shape(growing.some_axes(rank)))
    for _ in range(6 * size):
        # Each end takes two more gates to be added up.
        if len(growing.values) + 2 * len(growing.ends) > size:
            break
        growing.grow()
    loss = growing.join()
    return growing.network, loss


@dataclass
class Growing:
    """A network while it grows, with the value of each of its nodes."""

    network: Network
    values: dict[str, Array]
    rng: np.random.Generator

    @property
    def ends(self) -> list[str]:
        """The nodes that feed no other."""
        fed = {s for n in self.network.nodes.values() for ids in n.sources.values() for s in ids}
        return [id for id in self.network.nodes if id not in fed]

    def some_axes(self, rank: int) -> tuple[int, ...]:
        """Axes that broadcast with others now and then."""
        axes = tuple(int(n) for n in self.rng.choice([1, 2, 3], rank))
        return axes[int(self.rng.integers(0, rank + 1)) :] if self.rng.random() < 0.3 else axes

    def source(self, name: str, shape: Shape) -> str:
        """A typed value, or rows of a data set."""
        id = self.network.source(name, shape, self.rng)
        self.values[id] = self.network.given[f"{id}.{catalog[name].ports[0].name}"]
        return id

    def parameter(self, size: tuple[int, ...]) -> str:
        """A parameter, whose value several gates may share."""
        id = self.network.parameter(size, self.rng)
        self.values[id] = self.network.weights[f"{id}.value"]
        return id

    def pick(self) -> str:
        """An end, or any node, so that it forks; newer ones more often, so that it grows deep."""
        ids = self.ends if self.rng.random() < 0.5 else list(self.values)
        return ids[int(len(ids) * self.rng.random() ** 0.4)]

    def grow(self) -> None:
        """One more gate, at the first of a few choices of its sources that fit."""
        name = GATES[int(self.rng.integers(len(GATES)))]
        for _ in range(TRIES):
            op = catalog[name](**self._settings(name))
            sources = self._sources(op)
            # Shapes first, on a copy, so that a gate that does not fit leaves no guards behind.
            if sources is None or self._copy().add(op, sources, self.rng) is None:
                continue
            id = self.put(op, {port: self._in_domain(op, port, sources[port]) for port in sources})
            if id is not None and np.abs(self.values[id]).max(initial=0.0) > LARGE:
                self.put(catalog["tanh"](), {"x": (id,)})
            return

    def _sources(self, op: Op) -> dict[str, tuple[str, ...]] | None:
        """Some nodes for its inputs; None where its answers would have another shape."""
        sources: dict[str, tuple[str, ...]] = {}
        for port in op.ports:
            if port.kind is Kind.INPUT:
                count = int(self.rng.integers(1, 4)) if port.variadic else 1
                sources[port.name] = tuple(self.pick() for _ in range(count))
        if any(port.kind is Kind.TARGET for port in op.ports):
            shape = self.network.outputs[sources["prediction"][0]]
            # With a data set each row has an answer.
            if self.network.graph.has_batch and not shape.batched:
                return None
            # PyTorch has the classes on the second axis, whatever the number of axes.
            if op.name == "cross_entropy" and len(shape.array(ROWS)) != 2:
                return None
        if op.name == "batch_norm":
            # PyTorch refuses statistics of a single number.
            *rest, _ = self.network.outputs[sources["x"][0]].array(ROWS) or (1,)
            if math.prod(rest) == 1:
                return None
        if op.name == "dense" and self.rng.random() < 0.4:
            rows = self.network.outputs[sources["x"][0]].features[-1:]
            if rows:
                units = op.settings["units"]
                sources["weight"] = (self._shared((*rows, units)),)
                if self.rng.random() < 0.6:
                    sources["bias"] = (self._shared((units,)),)
        return sources

    def _in_domain(self, op: Op, port: str, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The nodes, or what keeps their numbers where the gate can take them."""
        guards: tuple[str, ...] = ()
        if (op.name, port) in POSITIVE or port in op.domain:
            guards = ("tanh", "sigmoid")
        elif (op.name, port) in BOUNDED:
            guards = ("tanh",)
        for guard in guards:
            ids = tuple(self._guarded(guard, id) for id in ids)
        return ids

    def put(self, op: Op, sources: Mapping[str, tuple[str, ...]]) -> str | None:
        """The gate at these sources; None if it does not fit, or stands at a kink."""
        tried = self._copy()
        id = tried.add(op, sources, self.rng)
        if id is None:
            return None
        step = self._step(tried, id)
        if not np.isfinite(step.output).all() or not steady(step, self.rng):
            return None
        self.network = tried
        self.values[id] = step.output
        return id

    def _guarded(self, guard: str, id: str) -> str:
        made = self.put(catalog[guard](), {"x": (id,)})
        assert made is not None
        return made

    def join(self) -> str:
        """Add up all that the network gives, so that the loss depends on nearly all of it."""
        total = ""
        for end in self.network.graph.sinks:
            one = self.put(catalog["sum"](), {"x": (end,)})
            assert one is not None
            both = {"a": (total,), "b": (one,)}
            total = self.put(catalog["add"](), both) or "" if total else one
        return total

    def _settings(self, name: str) -> dict[str, Any]:
        rng = self.rng
        if name in ("sum", "mean", "l1_norm", "l2_norm"):
            return {"axis": [None, -1, -2][int(rng.integers(0, 3))]}
        if name == "dense":
            return {"units": int(rng.integers(1, 5))}
        if name in PICTURES:
            settings = {"size": int(rng.integers(1, 3)), "stride": int(rng.integers(1, 3))}
            if name == "conv2d":
                settings |= {"units": int(rng.integers(1, 4)), "padding": int(rng.integers(0, 2))}
            return settings
        # Where all numbers are equal a small epsilon would blow rounding up.
        return {"epsilon": 0.1} if name in ("layer_norm", "batch_norm") else {}

    def _shared(self, size: tuple[int, ...]) -> str:
        for id, node in self.network.nodes.items():
            if node.op.name == "parameter" and node.op.settings["size"] == size:
                return id
        return self.parameter(size)

    def _copy(self) -> Network:
        parts = vars(self.network)
        return Network(**{name: dict(part) for name, part in parts.items()})

    def _step(self, tried: Network, id: str) -> run.Step:
        node = tried.nodes[id]
        owned = {**tried.given, **tried.weights, **tried.statistics}
        arguments: dict[str, Any] = {}
        for port in node.op.ports:
            sources = tuple(self.values[source] for source in node.sources.get(port.name, ()))
            if sources:
                arguments[port.name] = sources if port.variadic else sources[0]
            elif port.kind is not Kind.NOISE:
                arguments[port.name] = owned[f"{id}.{port.name}"]
        if any(port.kind is Kind.NOISE for port in node.op.ports):
            sizes = {name: np.shape(value) for name, value in arguments.items()}
            arguments |= node.op.draw(run.Randomness(0, 1).generator(id), **sizes)
        arguments = {port.name: arguments[port.name] for port in node.op.ports}
        values = run.Step(id, node.op, node.sources, arguments, np.zeros(())).values
        with np.errstate(all="ignore"):
            output = np.asarray(node.op.forward(*values))
        return run.Step(id, node.op, node.sources, arguments, output)


def steady(step: run.Step, rng: np.random.Generator) -> bool:
    """Whether its gradients hardly change when its arguments hardly do."""
    g = np.asarray(rng.uniform(0.5, 1.5, step.output.shape))
    moved: dict[str, Any] = {}
    noise = [port.name for port in step.op.ports if port.kind is Kind.NOISE]
    for name, value in step.arguments.items():
        parts = value if isinstance(value, tuple) else (value,)
        near = tuple(
            part if name in noise else part + NUDGE * rng.uniform(-1, 1, part.shape)
            for part in parts
        )
        moved[name] = near if isinstance(value, tuple) else near[0]
    there = run.Step(step.node, step.op, step.sources, moved, step.output)
    with np.errstate(all="ignore"):
        output = np.asarray(step.op.forward(*there.values))
    there = run.Step(step.node, step.op, step.sources, moved, output)
    before, after = run.pull_back(step, g), run.pull_back(there, g)
    return all(
        bool(np.abs(one - other).max(initial=0.0) <= STEADY * (1 + np.abs(one).max(initial=0.0)))
        for name in before
        for one, other in zip(before[name], after[name], strict=True)
    )


def recorded(network: Network, loss: str) -> run.Recording:
    """What `run` does with it."""
    return run.record(
        network.graph,
        network.given,
        network.weights,
        statistics=network.statistics,
        randomness=run.Randomness(0, 1),
        ancestors_of=loss,
    )


def planned(network: Network, loss: str) -> Any:
    """Its plan, with its arrays loaded."""
    ready = plan.compile_training(
        network.graph,
        network.shapes,
        network.weights,
        SGD(),
        rows=ROWS,
        objective=loss,
        statistics=network.statistics,
    )
    ready.load(network.given)
    return ready


def off_plan(ready: Any, recording: run.Recording, loss: str) -> float:
    """How far the plan's loss and gradients are from the recording's; see `off`."""
    least = floor(recording)
    apart = [off(ready.loss, np.sum(recording.values[loss]), 1.0)]
    for key, have in ready.weight_gradients.items():
        wanted = recording.weight_gradients.get(key, np.zeros_like(have))
        apart.append(off(have, wanted, least))
    return max(apart)


def error_of_torch(recording: run.Recording, loss: str) -> float:
    """How far the recording's every value and gradient is from PyTorch's; see `off`."""
    values, leaves = in_torch(recording)
    values[loss].sum().backward()
    least = floor(recording)
    apart = []
    for id, value in values.items():
        apart.append(off(recording.values[id], value.detach().numpy(), 1.0))
        wanted = np.zeros(value.shape) if value.grad is None else value.grad.numpy()
        apart.append(off(recording.gradients.get(id, np.zeros(wanted.shape)), wanted, least))
    for key, have in recording.weight_gradients.items():
        leaf = leaves[key]
        wanted = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
        apart.append(off(have, wanted, least))
    return max(apart)


def in_torch(recording: run.Recording) -> tuple[dict[str, Any], dict[str, Any]]:
    """PyTorch's tensor of each node that ran, and of each argument that nothing feeds."""
    import torch

    values: dict[str, Any] = {}
    leaves: dict[str, Any] = {}
    for step in recording.forward:
        arguments: list[Any] = []
        for port in step.op.ports:
            sources = step.sources.get(port.name, ())
            arguments += [values[source] for source in sources]
            if not sources:
                leaf = torch.tensor(step.arguments[port.name], requires_grad=True)
                leaves[f"{step.node}.{port.name}"] = leaf
                arguments.append(leaf)
        values[step.node] = mirrored(step.op, arguments)
        values[step.node].retain_grad()
    return values, leaves


def mirrored(op: Op, arguments: list[Any]) -> Any:
    """The gate as PyTorch has it."""
    if op.category == "source":
        return arguments[0] * 1
    if op.name == "scale":
        return arguments[0] * op.settings["factor"]
    if op.name == "shift":
        return arguments[0] + op.settings["offset"]
    if op.name in IN_TORCH:
        return IN_TORCH[op.name](op.settings, *arguments)
    module, _, function = op.exports["torch"].rpartition(".")
    return getattr(importlib.import_module(module), function)(*arguments)


def floor(recording: run.Recording) -> float:
    """What counts as nothing beside the largest gradient, where rounding is all that is left."""
    return 1e-3 * max(
        (float(np.abs(g).max(initial=0.0)) for g in recording.gradients.values()), default=0.0
    )


def off(have: Any, want: Any, least: float) -> float:
    """The largest difference, relative to the tensor's largest number or to `least`."""
    have, want = np.asarray(have), np.asarray(want)
    assert have.shape == want.shape
    largest = max(float(np.abs(want).max(initial=0.0)), least, 1e-300)
    apart = float(np.abs(have - want).max(initial=0.0)) / largest
    return apart if np.isfinite(apart) else float("inf")


def error_of_plan(network: Network, loss: str, recording: run.Recording) -> float:
    """How far its plan is from its recording, at the worse of two runs."""
    ready = planned(network, loss)
    apart = []
    # Twice, because a buffer that is used too early shows only when it is not fresh.
    for _ in range(2):
        ready.gradient()
        apart.append(off_plan(ready, recording, loss))
    return max(apart)
