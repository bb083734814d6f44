"""A network as a PyTorch script: one module, its weights, and a training loop.

A gate that names a module or a function of `torch.nn` is written with it; every other gate is
spelled out from its formula, and gradients are autograd's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind
from bpstudio.exchange import rewrite, text, torch_together, torch_training
from bpstudio.exchange.files import ARRAYS, Files
from bpstudio.exchange.names import remark
from bpstudio.exchange.passages import Passage, Piece, Span, indented, laid_out
from bpstudio.exchange.program import Program, count
from bpstudio.exchange.rules import with_settings
from bpstudio.exchange.slots import Slot, slots
from bpstudio.exchange.spelling import TORCH, spell
from bpstudio.exchange.torch_names import IN_MODULE, MODULE_ATTRIBUTES
from bpstudio.exchange.torch_training import IN_TRAINING
from bpstudio.exchange.variables import only_key, variables
from bpstudio.playback.timeline import BACKWARD, CLEAR, FORWARD
from bpstudio.training.settings import Settings, penalised

REWRITINGS = (
    rewrite.softmax,
    rewrite.log_softmax,
    rewrite.softplus,
    rewrite.sigmoid,
    rewrite.relu,
)

FUNCTIONAL = "torch.nn.functional."
"""Losses and activations of this name are called with the gate's arguments in their order."""


PROBABILITIES = ("sigmoid", "softmax")
"""Gates that give nothing beyond 0 to 1."""


class Module(NamedTuple):
    """A module of `torch.nn` that holds a gate's weights: how it is made from their shapes, and
    how each of its arrays comes from the gate's weight of the same name."""

    made: Callable[[Mapping[str, tuple[int, ...]]], str]
    arrays: Mapping[str, Callable[[Array], Array]]


MODULES: Mapping[str, Module] = {
    "torch.nn.Linear": Module(
        lambda shapes: f"nn.Linear({shapes['weight'][0]}, {shapes['weight'][1]})",
        {"weight": np.transpose, "bias": np.asarray},
    )
}


def write(program: Program, *, together: bool = False) -> Files:
    """The script, and its numbers beside it if they are many; `together` for one whose training
    several processes can share, which raises StudioError for a loss that they can't."""
    if together:
        torch_together.require(program)
    script = Script(program, together=together)
    many = count({**program.arrays, **program.arguments}) > text.INLINE
    weights = {f"weights/{name}": value for name, value in script.state.items()}
    arrays = text.npz(weights | script.data) if many else b""
    told, spans = script.told(inline=not many)
    return Files(told.encode(), arrays, spans)


class Script:
    """A program as text: the parts of the script, which share its names."""

    def __init__(self, program: Program, *, together: bool = False) -> None:
        self.program = program
        self.together = together
        self.names = variables(program, (*IN_MODULE, *MODULE_ATTRIBUTES))
        self.state_names = {key: self._state_name(key) for key in program.arrays}

    @property
    def state(self) -> dict[str, Array]:
        """The weights as `load_state_dict` takes them."""
        return {
            name: self.as_in_torch(key, self.program.arrays[key])
            for key, name in self.state_names.items()
        }

    @property
    def data(self) -> dict[str, Array]:
        """The training rows and what they should give."""
        given = self.program.arguments
        supplied = {**self.names.features, **self.names.targets}
        return {name: given[key] for key, name in supplied.items() if key in given}

    def as_in_torch(self, key: str, array: Array) -> Array:
        """A weight, or its gradient, as the module that holds it lays it out."""
        id, _, port = key.partition(".")
        module = self._module(self.program.graph[id])
        return module.arrays[port](array) if module else array

    def told(self, *, inline: bool) -> tuple[str, tuple[Span, ...]]:
        """The whole script, and what its lines do; with `inline` all numbers stand in it."""
        return laid_out(
            [
                [self._start(inline=inline)],
                [*self._made(), "", *self._forward()],
                self._load(),
                *([self._train()] if self.program.learns else []),
                self._main(),
            ]
        )

    def _module(self, node: Node) -> Module | None:
        """The module that holds a node's weights, if it names one and no wire supplies them."""
        module = MODULES.get(node.op.exports.get("torch", ""))
        weights = [port for port in node.op.ports if port.kind is Kind.WEIGHT]
        return module if module and weights == list(node.owned(Kind.WEIGHT)) else None

    def _state_name(self, key: str) -> str:
        id, _, port = key.partition(".")
        node = self.program.graph[id]
        if self._module(node):
            return f"{self.names.nodes[id]}.{port}"
        if self.program.passes_on(node):
            return self.names.nodes[id]
        return self.names.unique(f"{self.names.nodes[id]}_{port}")

    def _start(self, *, inline: bool) -> str:
        usage = "Run it to see a forward and a backward pass" + (
            "; `--train` trains it." if self.program.learns else "."
        )
        usages = [usage, *(torch_together.USAGE if self.together else ())]
        head = text.heading("A network in PyTorch.", self.program.project.title, usages)
        imports = ["import sys"] if self.program.learns else []
        if imports and self.program.project.training.schedule.name == "cosine":
            imports = ["import math", *imports]
        imports = ["import os", *imports] if self.together else imports
        imports += [] if inline and not self.together else ["from pathlib import Path"]
        libraries = ["import torch", "from torch import nn"]
        parts = [
            head,
            *(["\n".join(imports)] if imports else []),
            "\n".join(libraries if inline else ["import numpy as np", *libraries]),
            "# As in the studio; without this line PyTorch computes in float32.\n"
            "torch.set_default_dtype(torch.float64)",
        ]
        return "\n\n".join([*parts, *self._tables(inline=inline)])

    def _tables(self, *, inline: bool) -> list[str]:
        """The numbers of the script."""
        given = self.program.given
        values = {name: given[key] for key, name in self.names.values.items()}
        typed = [self._table("VALUES", values)] if values else []
        if inline:
            weights = [self._table("WEIGHTS", self.state)] if self.state else []
            rows = (f"{n.upper()} = {_tensor(v, '')}" for n, v in self.data.items())
            return [*weights, *typed, *rows]
        lines = [
            f"    {text.quoted(w)}: torch.from_numpy(ARRAYS[{text.quoted('weights/' + w)}]),"
            for w in self.state
        ]
        return [
            f'ARRAYS = np.load(Path(__file__).with_name(Path(__file__).stem + "{ARRAYS}"))',
            *(["\n".join(["WEIGHTS = {", *lines, "}"])] if lines else []),
            *typed,
            *(f"{n.upper()} = torch.from_numpy(ARRAYS[{text.quoted(n)}])" for n in self.data),
        ]

    def _table(self, name: str, arrays: Mapping[str, Array]) -> str:
        lines = [f"    {text.quoted(k)}: {_tensor(v, '    ')}," for k, v in arrays.items()]
        return "\n".join([f"{name} = {{", *lines, "}"])

    def _made(self) -> list[str]:
        """The class up to its weights."""
        lines = ["class Network(nn.Module):", "    def __init__(self):"]
        lines.append("        super().__init__()")
        for node in self.program.nodes:
            name, module = self.names.nodes[node.id], self._module(node)
            if module:
                ports = node.owned(Kind.WEIGHT)
                shapes = {p.name: self.program.arrays[f"{node.id}.{p.name}"].shape for p in ports}
                lines.append(f"        self.{name} = {module.made(shapes)}")
                continue
            for port in node.owned(Kind.WEIGHT, Kind.STATISTIC):
                key = f"{node.id}.{port.name}"
                shape = self.program.arrays[key].shape
                name, zeros = self.state_names[key], f"torch.zeros({shape!r})"
                lasting = f"self.register_buffer({text.quoted(name)}, {zeros})"
                learned = f"self.{name} = nn.Parameter({zeros})"
                lines.append("        " + (lasting if port.kind is Kind.STATISTIC else learned))
        return lines

    def _forward(self) -> list[Piece]:
        targets = tuple(self.names.targets.values())
        wanted = (f"{name}=None" for name in targets)
        lines: list[Piece] = [
            f"    def forward({text.joined('self', *self.names.parameters, *wanted)}):"
        ]
        if targets:
            lines.append(
                '        """The loss for rows and what they should give; without that, the '
                'answers."""'
            )
        for place, node in enumerate(self.program.nodes):
            line, title = self._line(node), remark(node.title)
            if line:
                line += f"  # {title}" if title else ""
                lines.append(Passage(line, FORWARD, (node.id,)))
            if place + 1 == self.program.predicting:
                answer = self.names.nodes[self.program.answer]
                if targets:
                    lines += [f"        if {targets[0]} is None:", f"            return {answer}"]
                elif self.program.answer != self.program.objective:
                    lines.append(f"        self.prediction = {answer}")
        return [*lines, f"        return {self.names.nodes[self.program.objective]}"]

    def _line(self, node: Node) -> str:
        """The line of a node in forward; empty where its value is an argument."""
        name, op, indent = self.names.nodes[node.id], node.op, " " * 8
        arguments = {slot.name: self._argument(node, slot) for slot in slots(node)}
        if self.program.passes_on(node):
            source = arguments[op.ports[0].name]
            supplied = self.names.supplied(only_key(node))
            return "" if supplied else f"{indent}{name} = {source}"
        if not op.ports:
            value = with_settings(self.program.rules[node.id].output, op)
            number = float(spell(value, {}, TORCH))
            return f"{indent}{name} = torch.tensor({number!r})"
        if op.name in IN_TRAINING:
            axes = len(self.program.shapes[node.id].array(1))
            return f"{indent}{name} = {IN_TRAINING[op.name](op, arguments, axes)}"
        if self._module(node):
            inputs = (arguments[p.name] for p in op.ports if p.kind is not Kind.WEIGHT)
            return f"{indent}{name} = self.{name}({text.joined(*inputs)})"
        called = op.exports.get("torch", "")
        # With more axes than rows and features, the functions of torch take another one as the
        # classes than we do.
        near = (self.program.shapes[id] for id in node.feeding)
        plain = not op.settings and all(p.kind in (Kind.INPUT, Kind.TARGET) for p in op.ports)
        plain = plain and all(len(shape.array(1)) <= 2 for shape in near)
        plain = plain and self._takes(node)
        if plain and called.startswith(FUNCTIONAL):
            function = called.removeprefix("torch.")
            return f"{indent}{name} = {function}({text.joined(*arguments.values())})"
        told = rewrite.rewrite(self.program.rules[node.id].output, REWRITINGS)
        return text.folded(f"{name} = ", spell(with_settings(told, op), arguments, TORCH), indent)

    def _takes(self, node: Node) -> bool:
        """Whether PyTorch's function takes what comes there: where ours is meant for some numbers
        alone, as for probabilities, PyTorch's raises for all others.
        """
        for port, (low, high) in node.op.domain.items():
            for id in node.sources.get(port, ()) or (node.id,):
                source = self.program.graph[id]
                key = f"{id}.{port}" if id == node.id or not source.op.ports else only_key(source)
                given = self.program.arguments.get(key)
                inside = given is not None and bool(np.all((given >= low) & (given <= high)))
                if not inside and source.op.name not in PROBABILITIES:
                    return False
        return True

    def _argument(self, node: Node, slot: Slot) -> str:
        key = f"{node.id}.{slot.port.name}"
        return self.names.argument(node, slot) or f"self.{self.state_names[key]}"

    def _load(self) -> list[str]:
        lines = ["def load():", '    """The network with its weights from the studio."""']
        lines.append("    network = Network()")
        if self.state:
            lines.append("    network.load_state_dict(WEIGHTS)")
        lines += [
            f"    network.{self._parameter(key)}.requires_grad_(False)"
            for key in self.program.project.weights
            if self._is_fixed(key)
        ]
        # Gates that do something else while training do so in `train` alone.
        return [*lines, *(["    network.eval()"] if self._has_modes else []), "    return network"]

    @property
    def _has_modes(self) -> bool:
        return any(node.op.name in IN_TRAINING for node in self.program.nodes)

    def _is_fixed(self, key: str) -> bool:
        node = key.partition(".")[0]
        reached = run.ancestors(self.program.graph, self.program.objective)
        # Processes wait for the gradient of every weight that learns, so it must have one.
        idle = self.together and node not in reached
        return idle or self.program.project.training.factor(node) == 0

    def _parameter(self, key: str) -> str:
        return self.state_names[key]

    def _train(self) -> list[Piece]:
        settings = self.program.project.training
        first, rows = next((name.upper(), len(value)) for name, value in self.data.items())
        batch = min(settings.batch or rows, rows)
        lines: list[Piece] = [
            "def train(network, epochs=1000):",
            *(["    network.train()"] if self._has_modes else []),
            *self._weights(settings),
            *torch_training.optimizer(settings),
        ]
        leave = ["    network.eval()"] if self._has_modes else []
        if self.together:
            taken = self.names.judged_call("[rows]")
            looped = torch_together.loop(self.program, taken, first, batch)
            return [*lines, *looped, *leave, *torch_together.LEAVE]
        lines.append("    for epoch in range(1, epochs + 1):")
        if batch == rows:
            called = text.joined(*self.names.judged_call())
            body = " " * 8
        else:
            called = text.joined(*self.names.judged_call("[batch]"))
            lines.append(f"        for batch in torch.randperm(len({first})).split({batch}):")
            body = " " * 12
        return [
            *lines,
            *(indented(line, body) for line in torch_training.step(settings, f"network({called})")),
            "        if epoch % 100 == 0:",
            '            print("epoch", epoch, "loss", loss.item())',
            *leave,
        ]

    def _weights(self, settings: Settings) -> list[str]:
        """What the optimizer is told to change: with a penalty, all but the biases shrink too;
        nodes with a learning rate of their own stand apart."""
        learned = [key for key in self.program.project.weights if not self._is_fixed(key)]
        shrinking = set(penalised(tuple(learned)))
        decays = bool(settings.l2) and not torch_training.penalised_by_hand(settings)
        pulled = [f"network.{self._parameter(key)}" for key in learned if key in shrinking]
        by_hand = [] if decays else torch_training.shrinking(settings, pulled)
        factors = settings.factors(learned)
        if not decays and not factors:
            free = "    weights = [w for w in network.parameters() if w.requires_grad]"
            return [free, *by_hand]
        groups: dict[str, list[str]] = {}
        for key in sorted(learned, key=lambda key: key not in shrinking) if decays else learned:
            told = f', "weight_decay": {settings.l2 if key in shrinking else 0.0}' if decays else ""
            if key in factors:
                told += f', "lr": {settings.optimizer.learning_rate * factors[key]!r}'
            groups.setdefault(told, []).append(f"network.{self._parameter(key)}")
        lines = (
            f'        {{"params": [{text.joined(*names)}]{told}}},'
            for told, names in groups.items()
        )
        return ["    weights = [", *lines, "    ]", *by_hand]

    def _main(self) -> list[Piece]:
        lines: list[Piece] = ['if __name__ == "__main__":', "    network = load()"]
        if self.program.learns:
            lines += ['    if "--train" in sys.argv:', "        train(network)"]
        if self.together:
            lines += ['    if int(os.environ.get("RANK", "0")):', "        sys.exit()"]
        if self.names.targets:
            answers = f"network({text.joined(*self.names.call)})"
            lines.append(f'    print("answers:", {answers}[:10].tolist())')
        called = text.joined(*self.names.judged_call())
        if not self.names.features:
            lines += (
                [
                    "    for value in VALUES.values():",
                    "        value.requires_grad_()",
                ]
                if self.names.values
                else []
            )
        lines.append(f"    output = network({called})")
        lines.append('    print("forward:", output.tolist())')
        lines += ["    if output.requires_grad:"]
        if self.program.learns:
            lines.append(Passage("        network.zero_grad()", CLEAR))
        lines.append(Passage("        output.sum().backward()", BACKWARD))
        if not self.names.features and self.names.values:
            lines += [
                "    for name, value in VALUES.items():",
                "        if value.grad is not None:",
                '            print("gradient of", name, "=", value.grad.tolist())',
            ]
        if self.program.project.weights:
            lines += [
                "    for name, weight in network.named_parameters():",
                "        if weight.grad is not None:",
                '            print("gradient of", name, "=", weight.grad.tolist())',
            ]
        return lines


def _tensor(array: Array, indent: str) -> str:
    made = text.array(array, indent, "torch.tensor")
    return f"torch.tensor({made})" if array.ndim == 0 else made
