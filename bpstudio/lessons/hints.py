"""Three hints for a number: which rule holds, what it is made of, and the numbers put in.

None of them tells the number itself.
"""

from __future__ import annotations

import numpy as np

from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Array
from bpstudio.engine.run import BackwardStep, Recording, Step, pull_back
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import digits, equations
from bpstudio.playback.bodies import own_name, symbol
from bpstudio.playback.captions import BACKWARD_WORDS, FORWARD_WORDS
from bpstudio.playback.timeline import Wire
from bpstudio.playback.veil import VALUE, Quantity, source_of

LEVELS = 3


def said(graph: Graph, quantity: Quantity) -> str:
    """The quantity in words: `the gradient of q`."""
    own, _dot, port = quantity.node.partition(".")
    name = name_of(graph, own) + (f".{port}" if port else "")
    if quantity.kind == VALUE:
        return _("value of {node}").format(node=name)
    if quantity.wire is None:
        return _("gradient of {node}").format(node=name)
    target, into, slot = quantity.wire
    through = name_of(graph, target)
    twice = [source for ids in graph[target].sources.values() for source in ids].count(own) > 1
    if twice:
        through += f".{into}" + (f"[{slot + 1}]" if slot else "")
    return _("share of {node} that comes back from {gate}").format(node=name, gate=through)


def name_of(graph: Graph, id: str) -> str:
    """What a person calls a node: its name, or its sign with its id."""
    node = graph[id]
    return own_name(node) or f"{symbol(node.op)} ({id})"


def hint(recording: Recording, quantity: Quantity, level: int) -> str:
    """The hint of that level, 1 to 3, in the current language."""
    if not 1 <= level <= LEVELS:
        raise StudioError(N_("There are {count} hints for each number."), count=LEVELS)
    if quantity.kind == VALUE:
        return _of_value(recording, quantity, level)
    wires = _wires(recording, quantity)
    if not wires:
        return _("The pass back begins here, with 1: the end moves as much as itself.")
    forward = {step.node: step for step in recording.forward}
    back = {step.node: step for step in recording.backward}
    lines = [_of_share(recording, w, forward[w[0]], back[w[0]], level) for w in wires]
    if len(wires) > 1:
        name = name_of(recording.graph, quantity.node)
        text = _("{name} goes {count} ways, so what comes back along them is added.")
        lines.insert(0, text.format(name=name, count=len(wires)))
    return "\n".join(dict.fromkeys(lines))


def _wires(recording: Recording, quantity: Quantity) -> list[Wire]:
    own, _dot, port = quantity.node.partition(".")
    if quantity.wire is not None:
        return [quantity.wire]
    if port:
        return [(own, port, 0)]
    every = recording.contributions
    return [wire for wire in every if source_of(recording, wire) == quantity.node]


def _of_share(
    recording: Recording, wire: Wire, forward: Step, back: BackwardStep, level: int
) -> str:
    target, port, slot = wire
    op = forward.op
    if level == 1:
        usual = N_("Upstream gradient times the gate's own, local gradient:")
        return _(BACKWARD_WORDS.get(op.name, usual)).rstrip(": ") + "."
    graph = recording.graph
    gate = name_of(graph, target)
    if level == 2:
        local = _local(graph, forward, port)
        if local:
            text = _("upstream: the gradient of {gate}; local: {local}")
            return text.format(gate=gate, local=local)
        text = _("upstream: the gradient of {gate}, {shape}; the rule: {rule}")
        rule = op.gradients.get(port, port)
        return text.format(gate=gate, shape=digits.size_of(back.upstream), rule=rule)
    locals_ = pull_back(forward, np.ones_like(back.upstream))[port][slot]
    text = _("{upstream} (upstream) × {local} (local) = ?")
    if back.upstream.size == 1 and locals_.size == 1:
        return text.format(upstream=_plain(back.upstream), local=_bracketed(locals_))
    entrywise = back.upstream.shape == locals_.shape and op.name not in ("matmul", "dense")
    if entrywise:
        entrywise_text = _("entry by entry: {upstream} (upstream) × {local} (local) = ?")
        return entrywise_text.format(upstream=_plain(back.upstream), local=_plain(locals_))
    factors = ", ".join(
        f"{name} = {_plain(value)}"
        for name, value in forward.arguments.items()
        if name != port and not isinstance(value, tuple)
    )
    rule = op.gradients.get(port, port)
    filled = _("{rule} with g = {upstream} and {factors}")
    if not factors:
        return _("{rule} with g = {upstream}").format(rule=rule, upstream=_plain(back.upstream))
    return filled.format(rule=rule, upstream=_plain(back.upstream), factors=factors)


def _local(graph: Graph, forward: Step, port: str) -> str:
    """The gate's own derivative, in the names of what feeds it: `q`, or `out × (1 − out)`."""
    expression = equations.local_gradient(forward.op, port)
    if expression is None or not equations.of_numbers(expression):
        return ""
    if any(isinstance(value, tuple) for value in forward.arguments.values()):
        return ""
    names = {
        name: equations.plain(name_of(graph, sources[0]))
        for name, sources in forward.sources.items()
        if sources
    }
    names["y"] = equations.plain(_("its output"))
    names |= {
        key: equations.plain(f"{value:g}".replace("-", digits.MINUS))
        for key, value in forward.op.settings.items()
        if isinstance(value, int | float)
    }
    return "".join(span.text for span in equations.spelled(expression, names))


def _of_value(recording: Recording, quantity: Quantity, level: int) -> str:
    step = next(step for step in recording.forward if step.node == quantity.node)
    if step.op.category == "source":
        return _("This value is given. It is not computed.")
    expression = equations.definition(step.op)
    if level == 1:
        usual = N_("The gate works on what comes in from the left.")
        return _(FORWARD_WORDS.get(step.op.name, usual)).rstrip(": ").rstrip(".") + "."
    feeding = {name: sources[0] for name, sources in step.sources.items() if len(sources) == 1}
    if expression is None or (level == 3 and len(feeding) != len(step.arguments)):
        return ", ".join(
            f"{name_of(recording.graph, id)} = {_plain(recording.values[id])}"
            for ids in step.sources.values()
            for id in ids
        )
    if level == 2:
        names = {n: equations.plain(name_of(recording.graph, id)) for n, id in feeding.items()}
    else:
        names = {n: equations.plain(_plain(recording.values[id])) for n, id in feeding.items()}
    text = "".join(span.text for span in equations.spelled(expression, names))
    return text if level == 2 else f"{text} = ?"


def _plain(array: Array) -> str:
    """Numbers with the figures that a person needs."""
    if array.size == 1:
        return digits.significant(array.item())
    if array.ndim == 1:
        return "[" + ", ".join(digits.significant(float(entry)) for entry in array) + "]"
    return "[" + ", ".join(_plain(row) for row in array) + "]"


def _bracketed(array: Array) -> str:
    text = _plain(array)
    return f"({text})" if text.startswith(digits.MINUS) else text
