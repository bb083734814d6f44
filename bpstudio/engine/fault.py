"""The mistakes that people make in writing backward passes, planted into a copy of a run.

Nothing here touches a graph, a gate or a run: a fault is planted while a recording's forward steps
are read, and the faulty backward pass is `run.backward` itself over steps whose gate has it. The
gradient check then finds the gate (`check.Check.blamed`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array, Gradients, Kind, Op, setting
from bpstudio.engine.run import BackwardStep, Randomness, Recording, Step
from bpstudio.errors import GraphError
from bpstudio.language import N_


class Fault(enum.Enum):
    """What is wrong."""

    OVERWRITE = "overwrite"
    """`=` for `+=` where a value goes several ways."""
    NOT_CLEARED = "not cleared"
    """The gradients of the last pass are still there when the next one adds its own."""
    NO_MASK = "no mask"
    """A ReLU lets every gradient through."""
    NOT_AVERAGED = "not averaged"
    """A mean passes the gradient on without dividing it by n."""
    NOT_TRANSPOSED = "not transposed"
    """W where Wᵀ belongs."""
    WRONG_SIGN = "wrong sign"
    """Plus for minus."""
    BOTH_SIDES = "both sides"
    """max passes the gradient to both of its inputs."""

    @property
    def title(self) -> str:
        """A few words for a list; an English text marked for translation."""
        return _TEXTS[self][0]

    @property
    def explanation(self) -> str:
        """What happens, and what would be right; an English text marked for translation."""
        return _TEXTS[self][1]


class Plant(NamedTuple):
    """A fault at a node."""

    fault: Fault
    node: str


class Faulty(Op, hidden=True):
    """A gate whose forward pass is right and whose backward pass has a fault."""

    gate: Op = setting(None)
    fault: Fault = setting(None)
    places: tuple[str, ...] = setting(())
    """The ports whose gradients it spoils."""

    def __post_init__(self) -> None:
        """Take on the name and the ports of the gate."""
        object.__setattr__(self, "name", self.gate.name)
        object.__setattr__(self, "title", self.gate.title)
        object.__setattr__(self, "ports", self.gate.ports)

    def forward(self, *arguments: Any, **named: Any) -> Array:
        return self.gate.forward(*arguments, **named)

    def infer(self, *arguments: Any, **named: Any) -> Array:
        return self.gate.infer(*arguments, **named)

    def backward(self, g: Array, y: Array, *arguments: Any) -> Gradients:
        return self._spoilt(self.gate.backward, g, y, arguments)

    def infer_backward(self, g: Array, y: Array, *arguments: Any) -> Gradients:
        return self._spoilt(self.gate.infer_backward, g, y, arguments)

    def _spoilt(self, rule: Any, g: Array, y: Array, arguments: tuple[Array, ...]) -> Gradients:
        ruled = dict(rule(g, y, *arguments))
        for port in self.places:
            ruled[port] = self._instead(port, ruled[port], rule, g, y, arguments)
        return ruled

    def _instead(
        self, port: str, right: Any, rule: Any, g: Array, y: Array, arguments: tuple[Array, ...]
    ) -> Any:
        """The faulty gradient for one argument, from the right one or in its stead."""
        match self.fault:
            case Fault.NOT_CLEARED:
                return right + right
            case Fault.WRONG_SIGN:
                return [-one for one in right] if isinstance(right, list | tuple) else -right
            case Fault.NO_MASK | Fault.BOTH_SIDES:
                return g
            case Fault.NOT_AVERAGED:
                x = arguments[0]
                return right * (x.size / y.size if self.gate.name == "mean" else len(x))
            case Fault.NOT_TRANSPOSED:
                turned = [np.transpose(x) if x.ndim == 2 else x for x in arguments]
                # Of two matrices in a product each one's gradient has the other, transposed.
                mixed = (
                    g,
                    y,
                    *(
                        x if p.name == port else t
                        for p, x, t in zip(self.ports, arguments, turned, strict=True)
                    ),
                )
                return rule(*mixed)[port]
        raise ValueError(self.fault)


def plantable(recording: Recording) -> tuple[Plant, ...]:
    """Every fault that this run can have, at every node where it can.

    Shapes must permit it: W can stand for Wᵀ where W is square, 1/n is missed where n is not 1.
    Whether it shows depends on the values: a ReLU whose inputs are all positive needs no mask.
    """
    reached = {step.node for step in recording.backward}
    return tuple(
        Plant(fault, step.node)
        for step in recording.forward
        if step.node in reached
        for fault in Fault
        if (_readers(recording, step.node) > 1 if fault is Fault.OVERWRITE else places(step, fault))
    )


def record(
    graph: Graph,
    given: Mapping[str, Array],
    weights: Mapping[str, Array],
    plant: Plant,
    *,
    statistics: Mapping[str, Array] | None = None,
    randomness: Randomness | None = None,
    ancestors_of: str | None = None,
) -> Recording:
    """As `run.record`, with the fault in the backward pass; raises GraphError if it can't be."""
    right = run.record(
        graph,
        given,
        weights,
        statistics=statistics,
        randomness=randomness,
        ancestors_of=ancestors_of,
    )
    return planted(right, plant)


def planted(recording: Recording, plant: Plant) -> Recording:
    """A copy of a recording whose backward pass has the fault; raises GraphError if it can't."""
    if plant not in plantable(recording):
        node = recording.graph[plant.node]
        raise GraphError(
            N_("{label} ({op}) can't have this fault. Choose another gate."),
            nodes=(node.id,),
            label=node.label,
            op=node.op.title,
        )
    start = recording.backward[0]
    seed = {start.node: start.upstream}
    return replace(recording, backward=tuple(_backward(recording.forward, seed, plant)), updates=())


def _backward(
    steps: Sequence[Step], seed: Mapping[str, Array], plant: Plant
) -> Iterator[BackwardStep]:
    if plant.fault is Fault.OVERWRITE:
        spoilt = _without_early_wires(steps, plant.node)
    else:
        spoilt = [
            replace(step, op=_spoilt(step, plant.fault)) if step.node == plant.node else step
            for step in steps
        ]
    own = {step.node: step for step in steps}
    for back in run.backward(spoilt, seed):
        yield replace(back, op=own[back.node].op, sources=own[back.node].sources)


def _spoilt(step: Step, fault: Fault) -> Op:
    return Faulty(gate=step.op, fault=fault, places=places(step, fault))


def _without_early_wires(steps: Sequence[Step], node: str) -> list[Step]:
    """The steps with only one wire from that node: the one whose gradient comes back last."""
    last, spoilt = False, []
    for step in steps:
        sources = {}
        # Of one gate's wires the last slot of the last port comes last; of gates the first.
        for port, ids in reversed(list(step.sources.items())):
            kept = list(ids)
            for slot in reversed(range(len(ids))):
                if ids[slot] == node:
                    kept[slot] = "" if last else node
                    last = True
            sources[port] = tuple(kept)
        spoilt.append(replace(step, sources=sources))
    return spoilt


def _readers(recording: Recording, node: str) -> int:
    """How many wires bring a gradient back to that node."""
    return sum(
        ids.count(node)
        for step in recording.backward
        for port, ids in step.sources.items()
        if port in step.passed
    )


def places(step: Step, fault: Fault) -> tuple[str, ...]:
    """The ports of a gate whose gradients the fault spoils; none where it can't be."""
    op, name = step.op, step.op.name
    wired = tuple(p.name for p in op.ports if step.sources.get(p.name) and p.name in op.gradients)
    match fault:
        case Fault.NOT_CLEARED:
            kinds = (Kind.WEIGHT, Kind.GIVEN)
            return tuple(p.name for p in op.ports if p.kind in kinds and p.name not in step.sources)
        case Fault.NO_MASK:
            return wired if name == "relu" else ()
        case Fault.NOT_AVERAGED:
            averages = name == "mean" or op.category == "loss"
            x = step.values[0] if step.values else step.output
            n = x.size // step.output.size if name == "mean" else len(x) if x.ndim else 1
            return wired if averages and n > 1 else ()
        case Fault.NOT_TRANSPOSED:
            return tuple(port for port in wired if _is_square(step, port))
        case Fault.WRONG_SIGN:
            return wired[-1:] if op.category != "source" else ()
        case Fault.BOTH_SIDES:
            return wired if name in ("max", "min") and len(set(wired)) == 2 else ()
    return ()


def _is_square(step: Step, port: str) -> bool:
    """Whether W and Wᵀ have one shape in the product whose gradient goes to that port."""
    other = {("dense", "x"): "weight", ("matmul", "a"): "b", ("matmul", "b"): "a"}
    factor = step.arguments.get(other.get((step.op.name, port), ""))
    return (
        isinstance(factor, np.ndarray)
        and factor.ndim == 2
        and factor.shape[0] == factor.shape[1] > 1
    )


_TEXTS: Mapping[Fault, tuple[str, str]] = {
    Fault.OVERWRITE: (
        N_("= for += at a fork"),
        N_(
            "The value goes several ways, and each brings a gradient back. Written with = the last "
            "one replaces the others; they must be added up."
        ),
    ),
    Fault.NOT_CLEARED: (
        N_("old gradients not cleared"),
        N_(
            "The gradient of the last backward pass is still there, and this pass adds its own. "
            "Before each pass the gradients must be set to zero."
        ),
    ),
    Fault.NO_MASK: (
        N_("ReLU without its mask"),
        N_(
            "The gradient goes through where the input was negative too. A ReLU passes it only "
            "where its input is positive."
        ),
    ),
    Fault.NOT_AVERAGED: (
        N_("1/n missing in a mean"),
        N_(
            "Each of n numbers moves their mean by 1/n of its own movement. Without the 1/n the "
            "gradient is n times too large."
        ),
    ),
    Fault.NOT_TRANSPOSED: (
        N_("W for Wᵀ"),
        N_(
            "Forward the matrix takes inputs to outputs; backward the gradient goes from outputs "
            "to inputs: the transposed matrix. This one is square, so that no shape complains."
        ),
    ),
    Fault.WRONG_SIGN: (
        N_("wrong sign"),
        N_(
            "The gradient for one input has its sign turned round, so that a step goes uphill "
            "along it."
        ),
    ),
    Fault.BOTH_SIDES: (
        N_("max passes to both sides"),
        N_(
            "Both inputs get the gradient. Only the one that was let through moves the result, and "
            "the other gets nothing."
        ),
    ),
}
