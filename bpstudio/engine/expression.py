"""Formulas: text read as a tree, and the tree evaluated with NumPy.

The grammar, loosest first; what stands on one line binds equally:

    a if c else b
    < > <= >= == !=                 give 1 or 0; never two in a row
    + -
    * / @                           @ is the matrix product
    -x                              so -x^2 is -(x^2)
    ^                               from the right: 2^3^2 is 2^(3^2)
    xᵀ  √x                          transposed; square root

with numbers, names, parentheses and the functions of `FUNCTIONS`; `notation.py` has the signs that
may stand for these. There is no product without a sign: `2x` is an error that says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpstudio.engine.functions import ALIASES, FUNCTIONS
from bpstudio.engine.notation import Word, words
from bpstudio.engine.op import Array
from bpstudio.engine.tree import (
    BINDING,
    CHOICE,
    COMPARE,
    COMPARISONS,
    MINUS,
    POWER,
    Binary,
    Call,
    Choice,
    Compare,
    Definition,
    Expression,
    Name,
    Negate,
    Number,
    fold,
    names,
    write,
)
from bpstudio.errors import FormulaError
from bpstudio.language import N_

__all__ = [
    "OUTPUT",
    "SIGNS",
    "UPSTREAM",
    "Binary",
    "Call",
    "Choice",
    "Compare",
    "Definition",
    "Expression",
    "Name",
    "Negate",
    "Number",
    "evaluate",
    "fold",
    "names",
    "parse",
    "parse_definition",
    "write",
]

UPSTREAM, OUTPUT = "g", "y"
"""What the upstream gradient and the output are called in rules and in the texts of a gate."""
DEEPEST = 200
"""How many parentheses, signs and calls may stand inside each other."""


def parse(text: str) -> Expression:
    """The formula as a tree; a leading `f =` is passed over.

    Raises FormulaError, one sentence that says where and what was expected.
    """
    return parse_definition(text).expression


def parse_definition(text: str) -> Definition:
    """The formula as a tree, with the name that a leading `f =` or `f(x, y) =` gives it.

    Raises FormulaError, one sentence that says where and what was expected.
    """
    read = words(text)
    if len(read) == 1:
        raise FormulaError(N_("The formula is empty. Type one, such as x·y + z."), position=0)
    left = _left_side(read)
    return Definition(read[0].text if left else "", _Reader(read[left:]).whole())


def evaluate(expression: Expression, values: Mapping[str, Array | float]) -> Array:
    """The value in float64 for the values of its names, broadcast as NumPy does.

    Division by zero and the like give infinities and nan without a word. Raises FormulaError for
    a name without a value.
    """

    def visit(part: Expression, of: Sequence[Array]) -> Array:
        match part:
            case Number(value):
                return np.asarray(value)
            case Name(name, position):
                if name not in values:
                    raise FormulaError(
                        N_("{name} (position {position}) has no value. Give it one."),
                        position=position,
                        name=name,
                    )
                return np.asarray(values[name], dtype=np.float64)
            case Negate():
                return np.asarray(-of[0])
            case Binary(sign) | Compare(sign):
                return np.asarray(SIGNS[sign](*of), dtype=np.float64)
            case Choice():
                return np.where(of[1] != 0, of[0], of[2])
            case Call(function):
                return np.asarray(FUNCTIONS[function].rule(*of), dtype=np.float64)
        raise TypeError(f"no formula holds {part!r}")

    with np.errstate(all="ignore"):
        return fold(expression, visit)


SIGNS: Mapping[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "@": np.matmul,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
"""The signs that stand between two parts, and what they do."""


class _Reader:
    """Reads words from left to right, one operand or sign at a time."""

    def __init__(self, read: Sequence[Word]) -> None:
        self.read = read
        self.at = 0
        self.depth = 0

    @property
    def word(self) -> Word:
        return self.read[self.at]

    def whole(self) -> Expression:
        expression = self.expression(0)
        if self.word.kind != "end":
            raise self.unexpected()
        return expression

    def expression(self, loosest: int) -> Expression:
        """An operand and every sign after it that binds more tightly than `loosest`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(
                N_("At position {position} the formula is nested more than {most} deep."),
                position=self.word.position,
                most=DEEPEST,
            )
        left = self.operand()
        while True:
            word = self.word
            if word.text == "ᵀ":
                self.at += 1
                left = Call("transpose", (left,), word.position)
            elif word.text == "if" and loosest < CHOICE:
                left = self.choice(left)
            elif BINDING.get(word.text, 0) > loosest:
                self.at += 1
                left = self.after_sign(left, word)
            else:
                self.depth -= 1
                return left

    def after_sign(self, left: Expression, sign: Word) -> Expression:
        binding = BINDING[sign.text]
        # A power takes the powers on its right with it, every other sign those on its left.
        right = self.expression(MINUS if sign.text == "^" else binding)
        if binding != COMPARE:
            return Binary(sign.text, left, right)
        if self.word.text in COMPARISONS:
            raise FormulaError(
                N_(
                    "{found} at position {position} compares a second time. "
                    "Compare two things only, or multiply two comparisons."
                ),
                position=self.word.position,
                found=self.word.text,
            )
        return Compare(sign.text, left, right)

    def choice(self, then: Expression) -> Expression:
        start = self.word.position
        self.at += 1
        condition = self.expression(CHOICE)
        if self.word.text != "else":
            raise FormulaError(
                N_("The if at position {start} needs an else at position {position}."),
                position=self.word.position,
                start=start,
            )
        self.at += 1
        return Choice(then, condition, self.expression(0))

    def operand(self) -> Expression:
        """A number, a name, a call, a part in parentheses, or one of these with a sign before."""
        word = self.word
        self.at += 1
        if word.text == "(":
            inner = self.expression(0)
            self.close(word)
            return inner
        if word.text == "-":
            return Negate(self.expression(MINUS))
        if word.text == "+":
            return self.expression(MINUS)
        if word.text == "√":
            return Call("sqrt", (self.expression(POWER),), word.position)
        if word.kind == "number":
            return Number(self.number(word))
        if word.kind == "name" and word.text not in ("if", "else"):
            if self.word.text != "(":
                return Name(word.text, word.position)
            function, opening = self.function(word), self.word
            arguments: list[Expression] = []
            while self.word.text == "," or not arguments:
                self.at += 1
                arguments.append(self.expression(0))
            self.close(opening)
            return self.call(word, function, tuple(arguments))
        if word.kind == "end":
            raise FormulaError(
                N_(
                    "The formula ends at position {position}, "
                    "where a number, a name or ( should stand."
                ),
                position=word.position,
            )
        raise FormulaError(
            N_("{found} stands at position {position}, where a number, a name or ( should stand."),
            position=word.position,
            found=word.text,
        )

    def number(self, word: Word) -> float:
        value = float(word.text)
        if not math.isfinite(value):
            raise FormulaError(
                N_("{found} at position {position} is too large a number."),
                position=word.position,
                found=word.text,
            )
        return value

    def function(self, word: Word) -> str:
        for name in (word.text, word.text.lower()):
            if (known := ALIASES.get(name, name)) in FUNCTIONS:
                return known
        raise FormulaError(
            N_(
                "{name} at position {position} is not a function. "
                "For a product write {name}·(…); the functions are {functions}."
            ),
            position=word.position,
            name=word.text,
            functions=", ".join(FUNCTIONS),
        )

    def call(self, word: Word, name: str, arguments: tuple[Expression, ...]) -> Expression:
        fewest, most, _ = FUNCTIONS[name]
        if len(arguments) < fewest or (most is not None and len(arguments) > most):
            wanted = (
                str(fewest) if fewest == most else f"{fewest} … {'∞' if most is None else most}"
            )
            raise FormulaError(
                N_("{name} at position {position} takes {wanted} arguments, not {count}."),
                position=word.position,
                name=word.text,
                count=len(arguments),
                wanted=wanted,
            )
        return Call(name, arguments, word.position)

    def close(self, opening: Word) -> None:
        if self.word.text == ")":
            self.at += 1
        elif self.word.kind == "end":
            raise FormulaError(
                N_("The ( at position {start} is not closed: a ) should stand at {position}."),
                position=self.word.position,
                start=opening.position,
            )
        else:
            raise self.unexpected()

    def unexpected(self) -> FormulaError:
        """The error for a word that can't follow what was read before it."""
        word = self.word
        begins = word.kind in ("number", "name") or word.text in ("(", "√")
        before = self.read[self.at - 1].text
        if begins and ALIASES.get(before, before) in FUNCTIONS:
            return FormulaError(
                N_(
                    "{name} is a function: put what it takes in parentheses, as in {name}({found})."
                ),
                position=word.position,
                name=before,
                found=word.text,
            )
        if begins and word.text not in ("if", "else"):
            return FormulaError(
                N_(
                    "A sign such as + or · is missing before {found} at position {position}. "
                    "For a product write {product}."
                ),
                position=word.position,
                found=word.text,
                product=self.product(word),
            )
        return FormulaError(
            N_("{found} stands at position {position}, where a sign such as + or · should stand."),
            position=word.position,
            found=word.text,
        )

    def product(self, word: Word) -> str:
        """What a person who left out the sign probably meant, as `2·x`."""
        last = self.read[self.at - 1].text
        return f"{'(…)' if last == ')' else last}·{'(…)' if word.text == '(' else word.text}"


def _left_side(read: Sequence[Word]) -> int:
    """How many words `f =` or `f(x, y) =` takes at the start; 0 where there is none."""
    if read[0].kind != "name":
        return 0
    at = 1
    if read[1].text == "(":
        at = 2
        while read[at].kind == "name" and read[at + 1].text == ",":
            at += 2
        if read[at].kind != "name" or read[at + 1].text != ")":
            return 0
        at += 2
    return at + 1 if read[at].text == "=" else 0
