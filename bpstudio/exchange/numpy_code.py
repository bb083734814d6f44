"""A network as a NumPy script that stands alone, in the manner of the lecture's modular API.

A class for each kind of gate with `forward` and `backward`, and a graph that calls them in order
and back. It reads as a careful student would write it down, and it is what the studio computes.
"""

from __future__ import annotations

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.optimizers import SGD
from bpstudio.exchange import text
from bpstudio.exchange.files import ARRAYS, Files
from bpstudio.exchange.names import Names, remark
from bpstudio.exchange.numpy_gates import FIT, HELPERS, GateClass, gate_classes
from bpstudio.exchange.passages import Passage, Piece, Span, laid_out
from bpstudio.exchange.program import Program, count
from bpstudio.exchange.rules import with_settings
from bpstudio.exchange.slots import Slot, slots, source_of
from bpstudio.exchange.spelling import NUMPY, spell
from bpstudio.exchange.variables import variables
from bpstudio.playback.timeline import BACKWARD, FORWARD, UPDATE

IN_MODULE = ("np", "math", "Path", "ComputationalGraph", "predict", "f", "fit", *HELPERS)
"""What the script calls things itself, beside its classes."""
IN_GRAPH = (
    *("np", "self", "VALUES", "weights", "upstream", "d_output"),
    *("prediction", "output", "forward", "backward"),
)
"""What it calls things within the graph."""

STEPS = 10


def write(program: Program) -> Files:
    """The script, and its numbers beside it if they are many."""
    script = Script(program)
    many = count({**program.arrays, **program.arguments}) > text.INLINE
    arrays = text.npz(script.arrays) if many else b""
    told, spans = script.told(inline=not many)
    return Files(told.encode(), arrays, spans)


class Script:
    """A program as text: the parts of the script, which share its names."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = variables(program, IN_GRAPH)
        self.classes = gate_classes(program, Names(IN_MODULE))
        self.functions = {name for each in self.classes.values() for name in each.functions}
        self.gradients = {
            node.id: self.names.unique(f"d_{self.names.nodes[node.id]}")
            for node in program.nodes
            if node.id in self.classes or node.owned(Kind.GIVEN, Kind.WEIGHT)
        }

    @property
    def arrays(self) -> dict[str, Array]:
        """What lies in the file beside the script, if it is large."""
        program = self.program
        arrays = {f"weights/{program.label(k)}": v for k, v in program.arrays.items()}
        return arrays | self._data

    def told(self, *, inline: bool) -> tuple[str, tuple[Span, ...]]:
        """The whole script, and what its lines do; with `inline` all numbers stand in it."""
        users: dict[GateClass, list[str]] = {}
        for id, each in self.classes.items():
            users.setdefault(each, []).append(id)
        return laid_out(
            [
                [self._start(inline=inline)],
                *([[FIT.strip()]] if any(each.repeated for each in users) else []),
                *([HELPERS[name].strip()] for name in HELPERS if name in self.functions),
                *(each.told(tuple(nodes)) for each, nodes in users.items()),
                [*self._graph(), "", *self._forward(), "", *self._backward()],
                self._function(),
                self._main(),
            ]
        )

    @property
    def _data(self) -> dict[str, Array]:
        given = self.program.arguments
        supplied = {**self.names.features, **self.names.targets}
        return {name: given[key] for key, name in supplied.items() if key in given}

    def _start(self, *, inline: bool) -> str:
        usage = ["Run the file to see a forward and a backward pass."]
        if self.names.features:
            usage.insert(0, "`predict(rows)` gives the network's answers for rows of features.")
        if self.program.learns:
            usage[-1] = "Run the file to see a forward and a backward pass, and some training."
        head = text.heading(
            "A network as a computational graph, in NumPy alone.",
            self.program.project.title,
            usage,
        )
        imports = ["import math"] if "erf" in self.functions else []
        imports += [] if inline else ["from pathlib import Path"]
        parts = [head, *(["\n".join(imports)] if imports else []), "import numpy as np"]
        return "\n\n".join([*parts, *self._tables(inline=inline)])

    def _tables(self, *, inline: bool) -> list[str]:
        """The numbers of the script."""
        program = self.program
        weights = {program.label(key): value for key, value in program.arrays.items()}
        values = {name: program.given[key] for key, name in self.names.values.items()}
        typed = [text.table("VALUES", values)] if values else []
        if inline:
            tables = [text.table("WEIGHTS", weights)] if weights else []
            data = [f"{n.upper()} = {text.array(v, '')}" for n, v in self._data.items()]
            return [*tables, *typed, *data]
        lines = [f"    {text.quoted(w)}: ARRAYS[{text.quoted('weights/' + w)}]," for w in weights]
        return [
            f'ARRAYS = np.load(Path(__file__).with_name(Path(__file__).stem + "{ARRAYS}"))',
            *(["\n".join(["WEIGHTS = {", *lines, "}"])] if weights else []),
            *typed,
            *(f"{name.upper()} = ARRAYS[{text.quoted(name)}]" for name in self._data),
        ]

    def _graph(self) -> list[str]:
        lines = []
        if self.program.arrays:
            lines.append("        self.weights = dict(WEIGHTS)")
        for node in self.program.nodes:
            if node.id in self.classes:
                each = self.classes[node.id]
                settings = text.joined(*(repr(node.op.settings[s]) for s in each.settings))
                lines.append(f"        self.{self.names.nodes[node.id]} = {each.name}({settings})")
        start = ["class ComputationalGraph:", '    """The gates in the order in which they run."""']
        return [*start, "", "    def __init__(self):", *lines] if lines else start

    def _forward(self) -> list[Piece]:
        program, targets = self.program, tuple(self.names.targets.values())
        wanted = (f"{name}=None" for name in targets)
        lines: list[Piece] = [
            f"    def forward({text.joined('self', *self.names.parameters, *wanted)}):",
            '        """The loss for rows and what they should give; without that, the answers."""'
            if targets
            else '        """The output; every gate keeps what its backward needs."""',
        ]
        if program.arrays:
            lines.append("        weights = self.weights")
        for place, node in enumerate(program.nodes):
            line, title = self._line(node), remark(node.title)
            if line:
                line = f"        {line}" + (f"  # {title}" if title else "")
                lines.append(Passage(line, FORWARD, (node.id,)))
            if place + 1 == program.predicting:
                lines.append(f"        self.prediction = {self.names.nodes[program.answer]}")
                if targets:
                    lines += [
                        f"        if {targets[0]} is None:",
                        "            return self.prediction",
                    ]
        last = self.names.nodes[program.objective]
        if not self.program.scalar:
            lines.append(f"        self.output = {last}")
        return [*lines, f"        return {last}"]

    def _line(self, node: Node) -> str:
        """The line of a node in forward; empty where its value is an argument that is no number."""
        name = self.names.nodes[node.id]
        if node.id in self.classes:
            arguments = [self._argument(node, slot) for slot in slots(node)]
            return f"{name} = self.{name}.forward({text.joined(*arguments)})"
        if not node.op.ports:
            value = with_settings(self.program.rules[node.id].output, node.op)
            return f"{name} = np.asarray({spell(value, {}, NUMPY)}, dtype=float)"
        source = self._argument(node, slots(node)[0])
        if source == name and (self.names.features or source in self.names.targets.values()):
            return ""
        return f"{name} = np.asarray({source}, dtype=float)"

    def _argument(self, node: Node, slot: Slot) -> str:
        key = f"{node.id}.{slot.port.name}"
        return self.names.argument(node, slot) or f"weights[{text.quoted(self.program.label(key))}]"

    def _backward(self) -> list[Piece]:
        program = self.program
        start = self.gradients.get(program.objective, "d_output")
        upstream = "upstream" if self.program.scalar else "upstream * np.ones_like(self.output)"
        lines: list[Piece] = [
            "    def backward(self, upstream=1.0):",
            '        """The gradient of everything that training or a person may change."""',
            f"        {start} = {upstream}",
        ]
        arrived = {program.objective}
        found: dict[str, str] = {}
        for node in reversed(program.nodes):
            if node.id not in arrived:
                continue
            if node.id in self.classes:
                passed = [f"        {line}" for line in self._passed(node, arrived, found)]
                lines += [Passage(line, BACKWARD, (node.id,)) for line in passed]
            else:
                owned = node.owned(Kind.GIVEN, Kind.WEIGHT)
                found |= {f"{node.id}.{port.name}": self.gradients[node.id] for port in owned}
        keys = [key for key in program.keys(Kind.GIVEN, Kind.WEIGHT) if key in found]
        if not keys:
            return [*lines, "        return {}"]
        lines.append("        return {")
        lines += [f"            {text.quoted(program.label(k))}: {found[k]}," for k in keys]
        return [*lines, "        }"]

    def _passed(self, node: Node, arrived: set[str], found: dict[str, str]) -> list[str]:
        """The lines of a gate in backward. What meets at a fork is added up."""
        given, more = [], dict[str, list[str]]()
        for slot in slots(node):
            if slot.name not in self.classes[node.id].rule.gradients:
                continue
            port, source = slot.port, source_of(node, slot)
            key = f"{node.id}.{port.name}"
            if source is None and port.kind in (Kind.GIVEN, Kind.WEIGHT):
                found[key] = self.names.unique(f"d_{key.replace('.', '_')}")
                given.append(found[key])
            elif source is None or source not in self.gradients:
                given.append("_")
            elif source in arrived:
                total = self.gradients[source]
                given.append(self.names.unique(f"{total}_more"))
                more.setdefault(total, []).append(given[-1])
            else:
                arrived.add(source)
                given.append(self.gradients[source])
        if set(given) <= {"_"}:
            return []
        call = f"self.{self.names.nodes[node.id]}.backward({self.gradients[node.id]})"
        sums = (
            f"{total} = {' + '.join([total, *parts])}  # a fork: gradients add up"
            for total, parts in more.items()
        )
        return [f"{text.joined(*given)} = {call}", *sums]

    def _function(self) -> list[str]:
        if self.names.features:
            return [
                "def predict(rows):",
                '    """The answers for rows of features."""',
                "    graph = ComputationalGraph()",
                "    graph.forward(np.asarray(rows, dtype=float))",
                "    return graph.prediction",
            ]
        arguments = text.joined(*self.names.parameters)
        lines = [f"def f({arguments}):", '    """The output for these values."""']
        if self.program.answer == self.program.objective:
            return [*lines, f"    return ComputationalGraph().forward({arguments})"]
        return [
            *lines,
            "    graph = ComputationalGraph()",
            f"    graph.forward({arguments})",
            "    return graph.prediction",
        ]

    def _main(self) -> list[Piece]:
        call = f"graph.forward({text.joined(*self.names.judged_call())})"
        lines: list[Piece] = ['if __name__ == "__main__":', "    graph = ComputationalGraph()"]
        if self.names.targets:
            answers = f"graph.forward({text.joined(*self.names.call)})"
            lines.append(f'    print("answers:", {answers}.tolist()[:10])')
        lines += [
            f'    print("forward:", {call})',
            "    for name, gradient in graph.backward().items():",
            '        print("gradient of", name, "=", np.asarray(gradient).tolist())',
        ]
        if not self.program.learns:
            return lines
        settings = self.program.project.training
        optimizer = settings.optimizer
        factors = settings.factors(self.program.project.weights)
        frozen = [key for key, factor in factors.items() if factor == 0]
        slower = {self.program.label(k): f for k, f in factors.items() if f != 0}
        changed = "name in graph.weights"
        if frozen:
            fixed = (text.quoted(self.program.label(key)) for key in frozen)
            changed += f" and name not in [{text.joined(*fixed)}]"
        rate = optimizer.learning_rate if isinstance(optimizer, SGD) else 0.1
        own = f" * {slower!r}.get(name, 1.0)" if slower else ""
        step = f"graph.weights[name] = graph.weights[name] - {rate!r}{own} * gradient"
        return [
            *lines,
            f"    # {STEPS} steps of gradient descent: each weight a little down its slope.",
            f"    for step in range(1, {STEPS + 1}):",
            f"        loss = {call}",
            "        for name, gradient in graph.backward().items():",
            f"            if {changed}:",
            Passage(f"                {step}", UPDATE),
            '        print("step", step, "loss", loss)',
        ]
