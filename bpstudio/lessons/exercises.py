"""Exercise sets: small networks of gates with friendly numbers, from a seed and a difficulty.

The same seed and difficulty give the same set everywhere, so a class can work on one set and a
teacher can name it by two numbers.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpstudio.engine import run
from bpstudio.engine.formula import build as formula
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.lessons.answers import askable
from bpstudio.lessons.rules import Rule
from bpstudio.playback.scene import laid_out
from bpstudio.playback.veil import GRADIENT, Quantity, quantities
from bpstudio.project import build
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, arguments

DIFFICULTIES: Mapping[int, str] = {
    1: N_("one gate"),
    2: N_("two or three gates in a row"),
    3: N_("forks, max and constants"),
    4: N_("exp, 1/x, sigmoid and squares"),
    5: N_("vectors and matrices"),
}
USUAL_COUNT = 8
COLUMNS = (
    "seed",
    "difficulty",
    "exercise",
    "formula",
    "asked",
    "right",
    "tries",
    "hints",
    "rules",
)
MOST = 100
_TRIES = 200

# Each letter is a name of its own; the same letter twice is a fork.
_FORMS: Mapping[int, tuple[str, ...]] = {
    1: ("x * y", "x + y", "max(x, y)", "x - y", "x * x", "3 * x"),
    2: (
        "(x + y) * z",
        "x * y + z",
        "(x - y) * z",
        "x * y * z",
        "max(x, y) * z",
        "2 * (x * y + z)",
        "max(x * y, z)",
        "(x + y) * (z + w)",
    ),
    3: (
        "(x + y) * x",
        "x * y + x * z",
        "2 * (x * y + max(z, w))",
        "max(x, y) * (y + z)",
        "(x * y + x) * y",
        "x * x + y * y",
        "(x + y) * (x - y)",
        "max(x * y, z) + x",
        "(x * y + x) * (x * y + y)",
    ),
    4: (
        "sigmoid(x * y + z)",
        "1 / (x + y)",
        "exp(x * y) + z",
        "(x * y + z)^2",
        "relu(x * y + z) * w",
        "tanh(x * y)",
        "1 / (1 + exp(-(x * y)))",
        "(x + sigmoid(y)) * z",
    ),
}
_WHOLE = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
_SMALL = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True, eq=False)
class Exercise:
    """A network, and what is asked of it, from the end towards the beginning."""

    number: int
    text: str
    project: Project
    asked: tuple[Quantity, ...]

    @cached_property
    def recording(self) -> Recording:
        """The network run forward and backward."""
        project = self.project
        return run.record(project.graph, arguments(project), project.weights)


@dataclass(frozen=True)
class Result:
    """How a person fared with one number: the tries, the hints, and the rules that were broken."""

    seed: int
    difficulty: int
    exercise: int
    formula: str
    asked: str
    right: bool
    tries: int
    hints: int
    rules: tuple[Rule, ...] = ()


def exercises(seed: int, difficulty: int, count: int = USUAL_COUNT) -> tuple[Exercise, ...]:
    """A set of so many exercises."""
    if difficulty not in DIFFICULTIES:
        raise StudioError(
            N_("There are difficulties from 1 to {last}, not {difficulty}."),
            last=max(DIFFICULTIES),
            difficulty=difficulty,
        )
    if not 1 <= count <= MOST:
        raise StudioError(N_("A set has from 1 to {most} exercises."), most=MOST)
    return tuple(_exercise(seed, difficulty, number) for number in range(1, count + 1))


def table(results: Iterable[Result]) -> str:
    """The results as CSV, a line for each number that was asked for; there are no names in it."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(
        ["seed", "difficulty", "exercise", "formula", "asked", "right", "tries", "hints", "rules"]
    )
    for each in results:
        lines.writerow(
            (
                each.seed,
                each.difficulty,
                each.exercise,
                each.formula,
                each.asked,
                int(each.right),
                each.tries,
                each.hints,
                " | ".join(rule.value for rule in each.rules),
            )
        )
    return out.getvalue()


def _exercise(seed: int, difficulty: int, number: int) -> Exercise:
    chance = random.Random(f"{seed}/{difficulty}/{number}")
    for _attempt in range(_TRIES):
        made = _with_arrays(chance) if difficulty == 5 else _of_formula(chance, difficulty)
        exercise = _asked(number, *made)
        if exercise is not None:
            return exercise
    raise AssertionError(f"no exercise from seed {seed} at difficulty {difficulty}")


def _of_formula(chance: random.Random, difficulty: int) -> tuple[str, Project]:
    forms = _FORMS[difficulty]
    form = forms[chance.randrange(len(forms))]
    letters = sorted({letter for letter in form if letter in "wxyz"})
    from_ = _SMALL if difficulty == 4 else _WHOLE
    values = {name: np.array(float(from_[chance.randrange(len(from_))])) for name in letters}
    text = f"f = {form}"
    return text, build.from_formula(formula(text, values))


def _with_arrays(chance: random.Random) -> tuple[str, Project]:
    """What works on vectors: a masked sum, a squared norm, a product with a matrix."""

    def numbers(*shape: int) -> Array:
        size = int(np.prod(shape))
        picked = [float(_WHOLE[chance.randrange(len(_WHOLE))]) for _entry in range(size)]
        return np.array(picked).reshape(shape)

    nodes: list[Node]
    match chance.randrange(3):
        case 0:
            text = "f = sum(c · relu(x))"
            given = {"x": numbers(4), "c": numbers(4)}
            nodes = [
                Node("r", gate("relu"), {"x": ("x",)}),
                Node("p", gate("multiply"), {"a": ("r",), "b": ("c",)}),
                Node("f", gate("sum"), {"x": ("p",)}),
            ]
        case 1:
            text = "f = ‖W·x‖²"
            given = {"W": numbers(2, 2), "x": numbers(2)}
            nodes = [
                Node("q", gate("matmul"), {"a": ("W",), "b": ("x",)}),
                Node("s", gate("square"), {"x": ("q",)}),
                Node("f", gate("sum"), {"x": ("s",)}),
            ]
        case _:
            text = "f = sum(c · (W·x))"
            given = {"W": numbers(2, 3), "x": numbers(3), "c": numbers(2)}
            nodes = [
                Node("q", gate("matmul"), {"a": ("W",), "b": ("x",)}),
                Node("p", gate("multiply"), {"a": ("q",), "b": ("c",)}),
                Node("f", gate("sum"), {"x": ("p",)}),
            ]
    sources = [Node(name, gate("input")) for name in given]
    graph = Graph({node.id: node for node in (*sources, *nodes)})
    typed = {f"{name}.value": array for name, array in given.items()}
    return text, Project(graph=graph, given=typed, title=text)


def _asked(number: int, text: str, project: Project) -> Exercise | None:
    """The exercise with what is asked, if its numbers are friendly ones."""
    placed = laid_out(project)
    draft = Exercise(number, text, placed, ())
    recording = draft.recording
    start = recording.backward[0].node
    wanted = [
        quantity
        for quantity in quantities(recording)
        if quantity.kind == GRADIENT
        and quantity.node != start
        and askable(recording, quantity)
        # What runs against a constant of the formula is nobody's parameter.
        and not _constant(recording, quantity)
    ]
    arrays = [recording.gradients[quantity.node] for quantity in wanted]
    numbers = np.concatenate([np.ravel(array) for array in arrays])
    friendly = np.abs(numbers).max() <= 100 and np.abs(numbers).max() >= 0.02
    distinct = len({float(n) for n in np.round(numbers, 3)}) > len(wanted) // 2
    tie = any(
        step.op.name in ("max", "min") and len({float(v) for v in step.values}) == 1
        for step in recording.forward
    )
    if not friendly or tie or not (distinct or len(wanted) < 3):
        return None
    return Exercise(number, text, placed, tuple(wanted))


def _constant(recording: Recording, quantity: Quantity) -> bool:
    return recording.graph[quantity.node.partition(".")[0]].op.name == "constant"


def progress(results: Sequence[Result]) -> tuple[int, int]:
    """How many numbers were said rightly at the first try without a hint, and how many in all."""
    first = sum(each.right and each.tries == 1 and not each.hints for each in results)
    return first, sum(each.right for each in results)
