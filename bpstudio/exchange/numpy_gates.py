"""The classes of gates in a NumPy script: one for each rule that occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bpstudio.engine.expression import names
from bpstudio.engine.op import Op
from bpstudio.exchange import rewrite, text
from bpstudio.exchange.names import Names, remark
from bpstudio.exchange.numpy_helpers import BROUGHT
from bpstudio.exchange.passages import Passage, Piece
from bpstudio.exchange.program import Program
from bpstudio.exchange.rules import OUTPUT, UPSTREAM, Rule
from bpstudio.exchange.spelling import NUMPY, NUMPY_DEEP, functions, spell
from bpstudio.playback.timeline import BACKWARD, FORWARD

REWRITINGS = (rewrite.softmax, rewrite.log_softmax, rewrite.softplus)

FIT = '''
def fit(gradient, value):
    """Undo broadcasting: sum the gradient over the axes along which the value was repeated."""
    gradient, shape = np.asarray(gradient), np.shape(value)
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis in range(-gradient.ndim, 0):
        if shape[axis] == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return np.broadcast_to(gradient, shape)
'''

HELPERS: Mapping[str, str] = {
    "softmax": '''
def softmax(x):
    """exp(x) / sum(exp(x)) along the last axis; taking the largest away keeps exp finite."""
    raised = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return raised / np.sum(raised, axis=-1, keepdims=True)
''',
    "log_softmax": '''
def log_softmax(x):
    """The logarithm of the softmax, which stays finite where the softmax itself is 0."""
    x = x - np.max(x, axis=-1, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))
''',
    **BROUGHT,
    "erf": '''
def erf(x):
    """The error function of each entry."""
    return np.vectorize(math.erf, otypes=[float])(x)
''',
}


IN_GATE = ("np", "math", "self", "g", "y", "fit", "forward", "backward", *HELPERS)
"""What a class of the script calls things itself; an argument of such a name gets another."""


@dataclass(eq=False)
class GateClass:
    """A class of the script: one kind of gate with one rule.

    `words` has for each port what the script calls it.
    """

    name: str
    words: Mapping[str, str]
    settings: tuple[str, ...]
    rule: Rule
    repeated: set[str] = field(default_factory=set)
    deep: bool = False

    @property
    def functions(self) -> frozenset[str]:
        """The functions that its formulas call."""
        return functions(self.rule.output).union(*map(functions, self.rule.gradients.values()))

    def told(self, nodes: tuple[str, ...]) -> list[Piece]:
        """The class as Python; these nodes use it."""
        used = {name for e in self.rule.gradients.values() for name in names(e)}
        kept = [port for port in self.words if port in used or port in self.repeated]
        lines: list[Piece] = [f"class {self.name}:"]
        if self.rule.told:
            lines += [f'    """{_plain(self.rule.told)}"""', ""]
        if self.settings:
            lines.append(f"    def __init__({text.joined('self', *self.settings)}):")
            lines += [*(f"        self.{name} = {name}" for name in self.settings), ""]
        forward = self._forward(kept, OUTPUT in used and OUTPUT not in self.words)
        lines.append(Passage("\n".join(forward), FORWARD, nodes, shared=True))
        if self.rule.gradients:
            backward = self._backward(kept)
            lines += ["", Passage("\n".join(backward), BACKWARD, nodes, shared=True)]
        return lines

    @property
    def _settings(self) -> dict[str, str]:
        return {name: f"self.{name}" for name in self.settings}

    def _spell(self, port: str | None, variables: Mapping[str, str]) -> str:
        expression = self.rule.output if port is None else self.rule.gradients[port]
        return spell(expression, variables, NUMPY_DEEP if self.deep else NUMPY)

    def _forward(self, kept: list[str], keeps_output: bool) -> list[str]:
        lines = [f"    def forward({text.joined('self', *self.words.values())}):"]
        if kept:
            selves = text.joined(*(f"self.{self.words[port]}" for port in kept))
            lines.append(f"        {selves} = {text.joined(*(self.words[port] for port in kept))}")
        output = self._spell(None, {**self._settings, **self.words})
        if not keeps_output:
            return [*lines, text.folded("return ", output, "        ")]
        return [*lines, text.folded("self.y = ", output, "        "), "        return self.y"]

    def _backward(self, kept: list[str]) -> list[str]:
        known = {OUTPUT: "self.y", **self._settings, UPSTREAM: "g"}
        known |= {port: f"self.{self.words[port]}" for port in kept}
        lines, returned = ["    def backward(self, g):"], []
        several = len(self.rule.gradients) > 1
        for port in self._with_gradient:
            gradient = self._spell(port, known)
            if port in self.repeated:
                gradient = f"fit({gradient}, self.{self.words[port]})"
            returned.append(gradient)
        flat = text.joined(*returned)
        if several and len(flat) > text.WIDTH - 15:
            lines += [
                text.folded(f"d_{self.words[port]} = ", gradient, "        ")
                for port, gradient in zip(self._with_gradient, returned, strict=True)
            ]
            flat = text.joined(*(f"d_{self.words[port]}" for port in self._with_gradient))
        return [*lines, text.folded("return ", flat, "        ")]

    @property
    def _with_gradient(self) -> list[str]:
        return [port for port in self.words if port in self.rule.gradients]


def gate_classes(program: Program, unique: Names) -> dict[str, GateClass]:
    """For each node that is more than a source the class of its gate; equal rules share one."""
    found: dict[object, GateClass] = {}
    classes: dict[str, GateClass] = {}
    rewritten: dict[int, Rule] = {}
    for node in program.nodes:
        if program.passes_on(node) or not node.op.ports:
            continue
        told = program.rules[node.id]
        if id(told) not in rewritten:
            rewritten[id(told)] = _rewritten(told)
        rule = rewritten[id(told)]
        key = (type(node.op), rule.output, tuple(rule.gradients.items()))
        if key not in found:
            found[key] = _class(node.op, rule, unique)
        classes[node.id] = each = found[key]
        each.repeated |= rule.repeated
        near = (program.shapes[id] for id in (*node.feeding, node.id))
        each.deep |= any(len(shape.array(1)) > 2 for shape in near)
    return classes


def _class(op: Op, rule: Rule, unique: Names) -> GateClass:
    used = {name for e in (rule.output, *rule.gradients.values()) for name in names(e)}
    ports = rule.arguments
    settings = tuple(name for name in op.settings if name in used and name not in ports)
    free = Names((*IN_GATE, *settings))
    words = {port: free(port) for port in ports}
    return GateClass(unique(f"{type(op).__name__}Gate"), words, settings, rule)


def _rewritten(rule: Rule) -> Rule:
    gradients = {name: rewrite.rewrite(e, REWRITINGS) for name, e in rule.gradients.items()}
    return replace(rule, output=rewrite.rewrite(rule.output, REWRITINGS), gradients=gradients)


def _plain(told: str) -> str:
    """A formula as it may stand in a docstring."""
    return remark(told.replace("\\", "").replace('"', ""), longest=110)
