"""The chain rule at one gate: for each input upstream times local, in symbols and in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from bpstudio.engine.expression import parse
from bpstudio.engine.op import Array
from bpstudio.engine.run import BackwardStep, Step, pull_back
from bpstudio.engine.tree import Number
from bpstudio.language import _
from bpstudio.playback import digits, equations
from bpstudio.playback.chain import computed, single_arguments
from bpstudio.playback.equations import Spans, plain
from bpstudio.playback.palette import Theme
from bpstudio.project.project import loss_node
from bpstudio.ui.panels.typeset import Formula, coloured, derivative, rich, tex_of
from bpstudio.ui.showing import Showing
from bpstudio.ui.style import CODE

MOST = 6
"""So many inputs are written out."""
_LONGEST = 44


@dataclass(frozen=True)
class Rule:
    """What a gate passes to one input: TeX, the same in plain text, and lines of numbers."""

    tex: str
    plain: str
    lines: tuple[Spans, ...]


class ChainRule(QWidget):
    """Shows the rules one below the other."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._rows: list[tuple[Formula, QLabel]] = []
        self.rules: tuple[Rule, ...] = ()

    def show_rules(self, rules: tuple[Rule, ...], theme: Theme) -> None:
        """Show these."""
        self.rules = rules
        while len(self._rows) < len(rules):
            formula, numbers = Formula(), QLabel()
            numbers.setTextFormat(Qt.TextFormat.RichText)
            numbers.setWordWrap(True)
            numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._column.addWidget(formula)
            self._column.addWidget(numbers)
            self._rows.append((formula, numbers))
        for place, (formula, numbers) in enumerate(self._rows):
            used = place < len(rules)
            formula.setVisible(used)
            numbers.setVisible(used)
            if used:
                _show(rules[place], formula, numbers, theme)


def rules_at(shown: Showing, back: BackwardStep, theme: Theme) -> tuple[Rule, ...]:
    """The chain rule for each input and weight of a gate that passed a gradient on."""
    assert shown.recording is not None
    forward = next(step for step in shown.recording.forward if step.node == back.node)
    locals_ = pull_back(forward, np.ones_like(back.upstream))
    objective = _objective(shown)
    rules = list(_rules(back, forward, locals_, objective, theme))
    return tuple(rules[:MOST])


def _rules(
    back: BackwardStep,
    forward: Step,
    locals_: Mapping[str, tuple[Array, ...]],
    objective: str,
    theme: Theme,
) -> Iterator[Rule]:
    scalar = back.upstream.size == 1 and all(g.size == 1 for gs in back.passed.values() for g in gs)
    for port, gradients in back.passed.items():
        for slot, gradient in enumerate(gradients):
            word = port if len(gradients) == 1 else f"{port}{slot + 1}"
            tex, text = _symbols(word, objective, theme)
            if scalar:
                lines = _number_lines(back, forward, port, gradient, locals_[port][slot])
            else:
                tex, lines = _array_lines(back, port, word, gradient, tex, objective, theme)
            told = tuple(line for line in lines if not equations.tells_of_hidden(line))
            yield Rule(tex, text, told)


def _symbols(word: str, objective: str, theme: Theme) -> tuple[str, str]:
    """∂f/∂a = ∂f/∂out · ∂out/∂a."""
    upstream = coloured(derivative(objective, "out"), theme.colours["upstream"])
    local = coloured(derivative("out", word), theme.colours["local"])
    tex = rf"{derivative(objective, word)} = {upstream}\cdot {local}"
    return tex, f"∂{objective}/∂{word} = ∂{objective}/∂out · ∂out/∂{word}"


def _number_lines(
    back: BackwardStep, forward: Step, port: str, gradient: Array, local: Array
) -> Iterator[Spans]:
    numbers = [gradient.item(), back.upstream.item(), local.item()]
    texts = [_figures(number) for number in numbers]
    inner = f"({texts[2]})" if texts[2].startswith(digits.MINUS) else texts[2]
    yield (
        plain("= "),
        plain(texts[1], "upstream"),
        plain(" · "),
        plain(inner, "local"),
        plain(" = "),
        plain(texts[0], "gradient"),
    )
    expression = equations.local_gradient(back.op, port)
    names = single_arguments(forward)
    if expression is None or names is None or isinstance(expression, Number):
        return
    if not equations.of_numbers(expression):
        return  # a product of matrices, if only of one entry each
    known = {**names, "y": forward.output.item()}
    rule = equations.spelled(expression, {}, "local")
    head = (plain(f"∂out/∂{port}", "local"), plain(" = "), *rule)
    line = computed(head, expression, back.op, known, local.item(), "local")
    if sum(len(span.text) for span in line) <= _LONGEST:
        yield line
    else:
        yield head


def _figures(number: float) -> str:
    """Four figures, whole numbers without decimals."""
    if math.isfinite(number) and number == round(number) and abs(number) < 10_000:
        return f"{number + 0.0:.0f}".replace("-", digits.MINUS)
    return digits.significant(number)


def _array_lines(
    back: BackwardStep,
    port: str,
    word: str,
    gradient: Array,
    tex: str,
    objective: str,
    theme: Theme,
) -> tuple[str, Iterator[Spans]]:
    """For arrays the gate's own rule, with `∂f/∂out` for what arrives, and the shapes."""
    text = back.op.gradients.get(port, "")
    if text:
        upstream = coloured(derivative(objective, "out"), theme.colours["upstream"])
        rule = tex_of(parse(text), upstream)
        if rule is not None and len(text) <= _LONGEST:
            tex = f"{derivative(objective, word)} = {rule}"
    size = float(np.linalg.norm(gradient.astype(float)))
    line = (
        plain(digits.size_of(gradient), "muted"),
        plain("   ‖·‖ = ", "muted"),
        plain(digits.small(size), "gradient"),
    )
    return tex, iter([line])


def _show(rule: Rule, formula: Formula, numbers: QLabel, theme: Theme) -> None:
    formula.show_formula(rule.tex, rule.plain, theme)
    size = round(12.5 * theme.type)
    lines = "<br>".join(f"&nbsp;&nbsp;{rich(line, theme)}" for line in rule.lines)
    text = f"<div style=\"font-family:'{CODE}';font-size:{size}px;line-height:150%\">{lines}</div>"
    if numbers.text() != text:
        numbers.setText(text)
        spoken = "; ".join("".join(span.text for span in line) for line in rule.lines)
        numbers.setAccessibleName(f"{rule.plain}: {spoken}")


def _objective(shown: Showing) -> str:
    """What the gradient is of: L for a loss, else f."""
    return _("L") if loss_node(shown.project) is not None else _("f")
