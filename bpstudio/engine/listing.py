"""The code that a plan prints: lines, and the things that they name."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.template import Stored

Batch = Mapping[int, Array]
"""The arrays of one batch by the index of their leaf."""


@dataclass(frozen=True, eq=False)
class Thing:
    """An array or a callable that the printed code names.

    `find` gives it anew for another batch; None: it is the same for all.
    """

    value: Any
    find: Callable[[Batch], Any] | None = None

    def then(self, look: Callable[[Any], Any]) -> Thing:
        """What `look` makes of it, for every batch."""
        find = self.find
        return Thing(look(self.value), None if find is None else lambda batch: look(find(batch)))


@dataclass
class Code:
    """Lines of printed code, and the things that they name; each place in memory is one thing."""

    things: list[Thing] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)

    def name(self, thing: Thing, word: str = "a", key: Any = None) -> str:
        """How a thing is called in the code; the same place, or the same key, has one name."""
        if key is None and isinstance(thing.value, np.ndarray):
            array = thing.value
            address = array.__array_interface__["data"][0]
            key = (address, array.shape, array.strides, array.dtype.str, thing.find is None)
        elif key is None:
            key = id(thing.value)
        if key not in self.known:
            self.known[key] = len(self.things)
            self.things.append(thing)
            self.names.append(f"{word}{len(self.names)}")
        place = self.known[key]
        if _writable(thing) and not _writable(self.things[place]):
            # A view that can only be read named the place first.
            self.things[place] = thing
        return self.names[place]

    def add(self, function: np.ufunc, arguments: Sequence[Thing], out: Thing) -> None:
        """A ufunc on arguments; maximum and minimum take `out` by name only."""
        words = [self.name(argument) for argument in arguments]
        by_name = function in (np.maximum, np.minimum)
        words.append(f"out={self.name(out)}" if by_name else self.name(out))
        called = self.name(Thing(function), function.__name__)
        self.lines.append(f"{called}({', '.join(words)})")

    def copyto(self, out: Thing, source: Thing, where: Thing | None = None) -> None:
        """The entries of one array into another, perhaps only some."""
        called = self.name(Thing(np.copyto), "copyto")
        some = "" if where is None else f", where={self.name(where)}"
        self.lines.append(f"{called}({self.name(out)}, {self.name(source)}{some})")

    def take(self, out: Thing, argument: str) -> None:
        """What the step is called with, into an array."""
        called = self.name(Thing(np.copyto), "copyto")
        self.lines.append(f"{called}({self.name(out)}, {argument})")

    def product(self, a: Thing, b: Thing, out: Thing) -> None:
        """`a @ b` by the method of `a`, which is bound once."""
        called = self.name(a.then(lambda array: array.dot), "dot", ("dot", self.name(a)))
        self.lines.append(f"{called}({self.name(b)}, {self.name(out)})")

    def reduce(
        self, function: np.ufunc, x: Thing, axes: tuple[int, ...], out: Thing, keep: bool
    ) -> None:
        """A reduction of `x` along axes."""
        word = f"{function.__name__}_reduce"
        called = self.name(Thing(function.reduce), word, ("reduce", function))
        over = ", ".join(map(str, axes))
        axis = over if len(axes) == 1 else f"({over})"
        kept = ", True" if keep else ""
        self.lines.append(f"{called}({self.name(x)}, {axis}, None, {self.name(out)}{kept})")

    def call(self, stored: Stored, arguments: Sequence[Thing], out: Thing) -> None:
        """Any other function, its result copied into its place."""
        words = [self.name(each) for each in (out, *arguments)]
        self.lines.append(f"{self.name(Thing(stored), 'call')}({', '.join(words)})")


def _writable(thing: Thing) -> bool:
    return isinstance(thing.value, np.ndarray) and bool(thing.value.flags.writeable)


LONG = 200
"""From so many lines on a step calls the passes instead of having their lines too."""

Program = Callable[..., Any]
"""Binds things to their names in the printed code: gives `gradient` and `step`."""


def print_code(code: Code, passes: int) -> str:
    """The code as text, the first lines of it being the passes without the update.

    Nothing stands in it but the names of primitives, numbers of things and of axes.
    """
    text = [f"def bind({', '.join(code.names)}):", "    def gradient(t):"]
    text += [f"        {line}" for line in code.lines[:passes] or ["pass"]]
    # One call more is nothing beside so many lines, and Python then compiles them once.
    update = ["gradient(t)", *code.lines[passes:]] if passes > LONG else code.lines
    text += ["    def step(rate, t):"]
    text += [f"        {line}" for line in update or ["pass"]]
    return "\n".join([*text, "    return gradient, step", ""])


def quietly() -> Callable[..., Any]:
    """Calls a function with NumPy's warnings off: an overflow is seen in the loss, not here.

    A context of its own costs a twentieth of what `np.errstate` does at every step.
    """
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return context.run
