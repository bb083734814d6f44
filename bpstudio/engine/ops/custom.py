"""A gate from a formula that a person types: its ports are the names in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.engine.expression import OUTPUT, UPSTREAM, parse_definition, write
from bpstudio.engine.op import Array, Gradients, Kind, Op, Port, setting
from bpstudio.errors import FormulaError
from bpstudio.language import N_

if TYPE_CHECKING:
    from bpstudio.engine.derivative import Entrywise

MOST_NAMES = 16
"""A formula gate has at most so many inputs."""
LONGEST_FACE = 18
"""A longer formula does not stand on the gate."""


class Formula(Op):
    """A gate of your own: type a formula, and each name in it becomes an input. It works entry by
    entry, and its gradients follow from the formula by the chain rule."""

    text: str = setting(
        "x * sigmoid(b * x)",
        help=N_("The formula, such as x * sigmoid(b * x). Each name in it is an input."),
    )

    symbol = "ƒ"
    aliases = ("custom", "own", "expression", "function", "수식", "함수", "사용자 정의")
    formula = "y = x * sigmoid(b * x)"
    gradients = {
        "x": "g * sigmoid(b * x) + g * x * sigmoid(b * x) * (1 - sigmoid(b * x)) * b",
        "b": "g * x * sigmoid(b * x) * (1 - sigmoid(b * x)) * x",
    }

    def __post_init__(self) -> None:
        """Read the formula, and take on its ports and texts in place of the class's own."""
        super().__post_init__()
        left, _ = parse_definition(self.text)
        names = self._laid_out.names
        _check_names(names, left)
        title = left if len(left) > 1 else type(self).title
        own = {
            "ports": tuple(Port(name, Kind.INPUT, False) for name in names),
            "formula": f"{OUTPUT} = {write(self._laid_out.expression)}",
            "gradients": self._laid_out.texts,
            "title": title,
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def forward(self, *arguments: Array) -> Array:
        y: Array = self._laid_out.value(self._named(arguments))
        return y

    def backward(self, g: Array, y: Array, *arguments: Array) -> Gradients:
        return self._laid_out.gradients(g, self._named(arguments))

    @property
    def face(self) -> str:
        """The name that the formula gives itself, else the formula, if it is short enough."""
        if self.title != type(self).title:
            return self.title
        written = self.formula.partition("= ")[2]
        return written if len(written) <= LONGEST_FACE else self.symbol

    @property
    def _laid_out(self) -> Entrywise:
        from bpstudio.engine.derivative import entrywise  # only who types a formula waits for it

        return entrywise(self.text)

    def _named(self, arguments: tuple[Array, ...]) -> dict[str, Array]:
        return {port.name: value for port, value in zip(self.ports, arguments, strict=True)}


def _check_names(names: tuple[str, ...], left: str) -> None:
    if not names:
        raise FormulaError(
            N_("The formula has no names, so the gate would have no inputs. Use a Constant."),
            position=0,
        )
    if len(names) > MOST_NAMES:
        raise FormulaError(
            N_("The formula has {count} names; a gate may have {most} inputs."),
            position=0,
            count=len(names),
            most=MOST_NAMES,
        )
    if UPSTREAM in names:
        raise FormulaError(
            N_("{name} stands for the gradient that arrives at a gate. Use another letter."),
            position=0,
            name=UPSTREAM,
        )
    if left in names:
        raise FormulaError(
            N_("{name} stands on both sides of =. Give the result a name of its own."),
            position=0,
            name=left,
        )
