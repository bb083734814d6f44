"""What the examples are called and what each shows; `packaging/examples.py` makes their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bpstudio import resources
from bpstudio.language import N_, _

GATES, PERCEPTRONS, TRAINING, TROUBLES, LARGER = SHELVES = (
    N_("Gates"),
    N_("Perceptrons and XOR"),
    N_("Networks that learn"),
    N_("What goes wrong, and how much is enough"),
    N_("Real data"),
)
"""The shelves on which the examples stand, from simple to large."""


@dataclass(frozen=True)
class Example:
    """An example: its file's name, its title and one sentence on it, and its shelf."""

    name: str
    title: str
    sentence: str
    shelf: str

    @property
    def path(self) -> Path:
        """Its file."""
        return resources.path("examples", f"{self.name}.bps")


EXAMPLES = (
    Example("product", N_("One gate: x · y"), N_("Each input gets the other's value."), GATES),
    Example(
        "product-of-sum",
        N_("(x + y) · z"),
        N_("The lecture's first graph: local times upstream, gate by gate."),
        GATES,
    ),
    Example(
        "apples",
        N_("Two apples"),
        N_("How much a price, a count and a tax move what you pay."),
        GATES,
    ),
    Example(
        "shopping",
        N_("Apples and oranges"),
        N_("Two products meet in a sum: 715, and what each price weighs."),
        GATES,
    ),
    Example(
        "gate-patterns",
        N_("Distributor, router, switcher"),
        N_("What add, max and multiply do with a gradient."),
        GATES,
    ),
    Example(
        "fork",
        N_("A fork: (x + y) · x"),
        N_("Where a value goes two ways, its gradients add up."),
        GATES,
    ),
    Example("square", N_("x · x"), N_("A fork within one gate: 3 + 3 = 6."), GATES),
    Example(
        "sigmoid-neuron",
        N_("Sigmoid neuron"),
        N_("Eight gates that are one: fuse them, and nothing else changes."),
        GATES,
    ),
    Example(
        "staged",
        N_("A long formula in stages"),
        N_("x and y are used again and again; every path adds its share."),
        GATES,
    ),
    Example(
        "squared-norm",
        N_("‖W·x‖²"),
        N_("Gradients of a matrix and a vector, each in its own shape."),
        GATES,
    ),
    Example("parabola", N_("J = w²"), N_("The slope says where down is, and how steep."), GATES),
    Example("and", N_("AND"), N_("One neuron, one line: it can be learned."), PERCEPTRONS),
    Example("or", N_("OR"), N_("The same neuron, another line."), PERCEPTRONS),
    Example("nand", N_("NAND"), N_("AND turned round; all else can be built of it."), PERCEPTRONS),
    Example(
        "xor-by-hand",
        N_("XOR by hand"),
        N_("Two ReLUs with weights that a person chose: 0, 1, 1, 0 exactly."),
        PERCEPTRONS,
    ),
    Example(
        "xor-one-line",
        N_("XOR with one neuron"),
        N_("However long it trains, one line gets three of four."),
        PERCEPTRONS,
    ),
    Example(
        "xor", N_("XOR by training"), N_("Four hidden units find it by themselves."), PERCEPTRONS
    ),
    Example("line", N_("A line through points"), N_("The smallest regression."), TRAINING),
    Example("sine", N_("A sine"), N_("Sixteen bends make a curve."), TRAINING),
    Example("circles", N_("Circles"), N_("A ring around a disc, closed by six units."), TRAINING),
    Example("moons", N_("Moons"), N_("Two half circles that reach into each other."), TRAINING),
    Example("spiral", N_("Spiral"), N_("Two layers of sixteen wind a boundary."), TRAINING),
    Example(
        "vanishing",
        N_("Ten sigmoids in a row"),
        N_("What is left of a gradient after ten times a quarter at most."),
        TROUBLES,
    ),
    Example(
        "deep-sigmoids",
        N_("A deep net of sigmoids"),
        N_("Its first layers hardly learn: compare the gradient norms."),
        TROUBLES,
    ),
    Example(
        "dead-relu",
        N_("A dead ReLU"),
        N_("Its input is negative, so nothing reaches its weights, and nothing ever will."),
        TROUBLES,
    ),
    Example(
        "dead-layer",
        N_("A dying layer"),
        N_("Half of the units start dead; the badges tell which."),
        TROUBLES,
    ),
    Example(
        "capacity-3",
        N_("Three hidden units"),
        N_("Too few for these points: the boundary stays simple."),
        TROUBLES,
    ),
    Example(
        "capacity-20",
        N_("Twenty hidden units"),
        N_("Enough to learn the noise as well: islands appear."),
        TROUBLES,
    ),
    Example(
        "lambda-20",
        N_("Twenty units and λ"),
        N_("A penalty on the weights smooths what twenty units would overdo."),
        TROUBLES,
    ),
    Example("iris", N_("Iris flowers"), N_("Three kinds by four measurements."), LARGER),
    Example("digits", N_("Digits"), N_("Handwritten digits of 8 by 8 pixels."), LARGER),
    Example(
        "digits-convolution",
        N_("Digits by convolution"),
        N_("A small convolutional net on the same pictures."),
        LARGER,
    ),
)


IN_LESSONS = (
    N_("To be wired"),
    N_("Patterns"),
    N_("A diamond"),
    N_("Staged"),
    N_("A neuron that learns"),
    N_("A saddle"),
    N_("Saturated"),
    N_("ReLU of a vector"),
    N_("One line"),
    N_("Perceptron"),
    N_("XOR from two lines"),
    N_("2-2-2 by hand"),
    N_("Two arcs"),
    N_("Difference"),
)
"""The titles of the networks in our lessons; those that are formulas are the same everywhere."""

_OURS = frozenset((*IN_LESSONS, *(each.title for each in EXAMPLES)))


def is_ours(title: str) -> bool:
    """Whether a network of ours is called so."""
    return title in _OURS


def said(title: str) -> str:
    """The title of a project in the language of the person: ours are translated, theirs are not."""
    return _(title) if is_ours(title) else title


def examples() -> Iterator[Example]:
    """The examples whose files are there, from simple to large."""
    return (each for each in EXAMPLES if each.path.exists())
