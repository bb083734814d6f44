"""What is said at each moment: a title, a sentence, and the real numbers.

Sentences and equations are derived from what a gate says of itself (`formula`, `gradients`), so a
new gate has captions at once; the gates whose backward pass has a name of its own in lectures (add
distributes, multiply swaps, max routes) get a sentence of their own. Every equation holds for the
numbers as they are written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array, Op
from bpstudio.engine.run import BackwardStep, Step, Update, pull_back
from bpstudio.language import N_, _, ngettext
from bpstudio.playback import digits, equations
from bpstudio.playback.bodies import own_name
from bpstudio.playback.chain import (
    array_lines,
    computed,
    filled,
    label_of,
    number_lines,
    single_arguments,
    sums,
)
from bpstudio.playback.equations import Spans, plain, tells_of_hidden
from bpstudio.playback.marks import Span
from bpstudio.playback.patterns import Pattern, pattern_of
from bpstudio.playback.timeline import BACKWARD, CLEAR, FORWARD, Clear, Moment, Timeline

FORWARD_WORDS: Mapping[str, str] = {
    "add": N_("An add gate gives the sum of its inputs:"),
    "multiply": N_("A multiply gate gives the product of its inputs:"),
    "max": N_("A max gate passes the larger input on:"),
    "min": N_("A min gate passes the smaller input on:"),
}
BACKWARD_WORDS: Mapping[str, str] = {
    "add": N_("An add gate distributes its upstream gradient unchanged:"),
    "subtract": N_("A subtract gate distributes its upstream gradient, with − for what is taken:"),
    "multiply": N_("A multiply gate swaps: each input gets upstream times the other's value:"),
    "max": N_("A max gate routes its gradient to the larger input, and 0 to the other:"),
    "min": N_("A min gate routes its gradient to the smaller input, and 0 to the other:"),
    "relu": N_("A ReLU passes the gradient where its input is positive, and 0 elsewhere:"),
    "sum": N_("A sum hands its upstream gradient to every number that went in:"),
    "mean": N_("A mean hands every number an equal share of its upstream gradient:"),
    "dense": N_("A layer sends the gradient back through its weights, and onto them:"),
    "max_pool2d": N_("A max pool routes each gradient to the largest number of its window:"),
    "average_pool2d": N_("An average pool hands every number of a window an equal share:"),
    "conv2d": N_("A convolution sends each gradient back through the window that it came from:"),
    "concatenate": N_("Every part gets its own piece of the upstream gradient:"),
    "dropout": N_(
        "What was switched off gets 0, the rest the upstream gradient, enlarged as much:"
    ),
    "matmul": N_(
        "A matrix product swaps too: each side gets upstream times the other, transposed:"
    ),
}
PATTERN_WORDS: Mapping[Pattern, str] = {
    Pattern.DISTRIBUTE: N_("This gate distributes its upstream gradient to all that feeds it:"),
    Pattern.SWAP: N_("This gate swaps: each input gets upstream times what the other says:"),
    Pattern.ROUTE: N_(
        "This gate lets the gradient through in some places, and in others stops it:"
    ),
}
"""For gates that have no sentence of their own."""
TIE = N_("Both inputs are equal, a tie: each gets half of the upstream gradient:")

_MOST_LINES = 5
_MOST_NAMED = 6


@dataclass(frozen=True)
class Caption:
    """What is said: a title, a sentence in words, and lines of numbers."""

    title: str
    words: str = ""
    lines: tuple[Spans, ...] = ()

    @property
    def text(self) -> str:
        """All of it as plain text, a line each."""
        lines = ["".join(span.text for span in line) for line in self.lines]
        return "\n".join(part for part in (self.title, self.words, *lines) if part)


def caption(timeline: Timeline, moment: Moment) -> Caption:
    """The caption of a moment, in the current language."""
    step = moment.step
    if isinstance(step, Update):
        said = _update_caption(timeline, moment, step)
    elif isinstance(step, BackwardStep):
        said = _backward_caption(timeline, moment, step)
    elif isinstance(step, Clear):
        said = _clear_caption(timeline, moment, step)
    else:
        said = _forward_caption(timeline, moment, step)
    return _keeping_secrets(said)


def _keeping_secrets(said: Caption) -> Caption:
    """Without the equations in which a number is hidden, and the rule: they would give it away."""
    kept = tuple(line for line in said.lines if not tells_of_hidden(line))
    if len(kept) == len(said.lines):
        return said
    return Caption(said.title, _("What comes of it is hidden. What do you expect?"), kept)


def summary(timeline: Timeline, phase: str) -> Caption:
    """What a finished phase has brought."""
    recording = timeline.recording
    begin, end = timeline.span(phase)
    started = recording.backward[:1]
    objective = started[0].node if started else recording.graph.objective
    if phase == FORWARD:
        title = ngettext("Forward: {count} step", "Forward: {count} steps", end - begin)
        value = recording.values.get(objective)
        lines = () if value is None else ((_name(timeline, objective), *_equals(value, "value")),)
        words = _("Every gate has computed its value from what feeds it.")
    elif phase == CLEAR:
        title = _("Gradients cleared")
        words = _("No gradient of the step before is left; the pass back adds new ones up from 0.")
        return Caption(title, words)
    elif phase == BACKWARD:
        title = ngettext("Backward: {count} step", "Backward: {count} steps", end - begin)
        words = _("One pass back gives all gradients: upstream times local at each gate.")
        lines = ()
    else:
        title = ngettext("Update: {count} parameter", "Update: {count} parameters", end - begin)
        words = _("Every parameter has taken a step against its gradient.")
        lines = ()
    return Caption(title.format(count=end - begin), words, lines)


def _title(timeline: Timeline, moment: Moment, what: str) -> str:
    return _("Step {number} of {count} · {what}").format(
        number=moment.number, count=len(timeline), what=what
    )


def _forward_caption(timeline: Timeline, moment: Moment, step: Step) -> Caption:
    what = _("forward through {gate}").format(gate=label_of(timeline, step.node))
    expression = equations.definition(step.op)
    words = _(FORWARD_WORDS[step.op.name]) if step.op.name in FORWARD_WORDS else ""
    lines: list[Spans] = []
    if expression is not None and (not words or step.output.size > 1):
        written = equations.spelled(expression, {})
        lines.append((plain("y = ", "muted"), *(s._replace(role="muted") for s in written)))
    names = single_arguments(step)
    told = names is not None and expression is not None and equations.of_numbers(expression)
    if step.output.size == 1 and told and names is not None and expression is not None:
        lines.append(
            computed((plain("y"),), expression, step.op, names, step.output.item(), "value")
        )
    elif step.output.size == 1:
        lines.append((plain("y"), *_equals(step.output, "value")))
    else:
        lines += _shapes_forward(step)
    return Caption(_title(timeline, moment, what), words, tuple(lines[:_MOST_LINES]))


def _shapes_forward(step: Step) -> list[Spans]:
    read = ", ".join(
        f"{name} ({digits.size_of(each)})"
        for name, value in step.arguments.items()
        for each in (value if isinstance(value, tuple) else (value,))
    )
    size = plain(f"y ({digits.size_of(step.output)})", "value")
    span = " … ".join(map(digits.significant, digits.ends(step.output)))
    return [
        filled(
            _("{inputs} → {output}, values {range}"),
            inputs=plain(read),
            output=size,
            range=plain(span, "value"),
        )
    ]


def _backward_caption(timeline: Timeline, moment: Moment, step: BackwardStep) -> Caption:
    what = _("backward through {gate}").format(gate=label_of(timeline, step.node))
    forward = timeline.steps[step.node]
    locals_ = pull_back(forward, np.ones_like(step.upstream))
    if step.upstream.size == 1 and all(g.size == 1 for gs in step.passed.values() for g in gs):
        words, lines = (
            _number_words(step, forward, locals_),
            number_lines(timeline, step, forward, locals_),
        )
    else:
        words, lines = _array_words(step), array_lines(timeline, step, forward, locals_)
    lines += sums(timeline, moment, step)
    return Caption(_title(timeline, moment, what), words, tuple(lines[:_MOST_LINES]))


def _number_words(
    step: BackwardStep, forward: Step, locals_: Mapping[str, tuple[Array, ...]]
) -> str:
    name = step.op.name
    shares = [abs(g.item()) for gs in locals_.values() for g in gs]
    if name in ("max", "min") and len(shares) == 2 and shares[0] == shares[1]:
        return _(TIE)
    if name in BACKWARD_WORDS:
        return _(BACKWARD_WORDS[name])
    pattern = pattern_of(step.op)
    if pattern is not None:
        return _(PATTERN_WORDS[pattern])
    return _("Upstream gradient times the gate's own, local gradient:")


def _array_words(step: BackwardStep) -> str:
    if step.op.name in BACKWARD_WORDS:
        return _(BACKWARD_WORDS[step.op.name])
    pattern = pattern_of(step.op)
    if pattern is not None:
        return _(PATTERN_WORDS[pattern])
    if step.op.category == "loss":
        return _("The pass back begins here: how the loss changes with each prediction:")
    if type(step.op).shape is not Op.shape:
        return _("The gate's own rule carries the upstream gradient back to what went in:")
    return _("Upstream gradient times local gradient, for every entry on its own:")


def _clear_caption(timeline: Timeline, moment: Moment, step: Clear) -> Caption:
    what = ngettext(
        "clear the gradient of {count} parameter",
        "clear the gradients of {count} parameters",
        len(step.keys),
    ).format(count=len(step.keys))
    words = _(
        "Every gradient goes back to 0. The pass back adds to what is there, so what the step "
        "before left would count again:"
    )
    names = [_weight_name(timeline, key) for key in step.keys]
    shown = names[:_MOST_NAMED] + ["…"] * (len(names) > _MOST_NAMED)
    parts = {"names": plain(", ".join(shown)), "zero": plain(digits.fixed(0.0), "clear")}
    line = filled(_("gradient of {names} = {zero}"), **parts)
    return Caption(_title(timeline, moment, what), words, (line,))


def _weight_name(timeline: Timeline, key: str) -> str:
    id, _dot, port = key.partition(".")
    node = timeline.recording.graph[id]
    return node.label if node.op.category == "source" else f"{node.label}.{port}"


def _update_caption(timeline: Timeline, moment: Moment, step: Update) -> Caption:
    name = _weight_name(timeline, f"{step.node}.{step.port}")
    title = _title(timeline, moment, _("update of {parameter}").format(parameter=name))
    rate = descent_rate(step, timeline.recording.updates)
    words = (
        _("A step against the gradient, scaled by the learning rate α:")
        if rate is not None
        else _("The optimizer takes a step against the gradient:")
    )
    place = np.unravel_index(int(np.argmax(np.abs(step.gradient))), step.gradient.shape)
    before, gradient, after = (
        array[place].item() for array in (step.before, step.gradient, step.after)
    )
    lines: list[Spans] = []
    if step.before.size > 1:
        moved = float(np.linalg.norm(step.after - step.before))
        lines.append(
            filled(
                _("{parameter} ({shape}) moves by ‖ ‖ = {distance}; at [{place}]:"),
                parameter=plain(step.port),
                shape=plain(digits.size_of(step.before)),
                distance=plain(digits.small(moved), "update"),
                place=plain(", ".join(str(i + 1) for i in place)),
            )
        )
    if rate is not None:
        texts = digits.agreeing(
            [after, before, rate, gradient], lambda n: n[0] - (n[1] - n[2] * n[3])
        )
        inner = f"({texts[3]})" if texts[3].startswith("−") else texts[3]
        template = _("{after} = {before} − {rate} (α) × {gradient}")
        parts = {"rate": plain(texts[2]), "gradient": plain(inner, "gradient")}
    else:
        texts = digits.agreeing([after, before, after - before], lambda n: n[0] - n[1] - n[2])
        step_text = f"({texts[2]})" if texts[2].startswith("−") else texts[2]
        template = _("{after} = {before} + {step}; the gradient is {gradient}")
        parts = {
            "step": plain(step_text, "update"),
            "gradient": plain(digits.significant(gradient), "gradient"),
        }
    parts |= {"after": plain(texts[0], "update"), "before": plain(texts[1], "value")}
    lines.append(filled(template, **parts))
    return Caption(title, words, tuple(lines))


def descent_rate(update: Update, beside: Sequence[Update] = ()) -> float | None:
    """α, if the update was plain gradient descent: after = before − α · gradient; else None.

    Whatever the rule, one number alone has moved by some multiple of its gradient; so the same α
    must hold for the updates beside it, but for what stood still.
    """
    rate = _own_rate(update)
    if rate is None:
        return None
    moved = [other for other in beside if not np.array_equal(other.before, other.after)]
    rates = [_own_rate(other) for other in moved]
    same = all(each is not None and math.isclose(each, rate, rel_tol=1e-6) for each in rates)
    return rate if same else None


def _own_rate(update: Update) -> float | None:
    gradient = update.gradient
    largest = float(np.max(np.abs(gradient), initial=0.0))
    if largest == 0.0 or not np.isfinite(gradient).all():
        return None
    place = int(np.argmax(np.abs(gradient)))
    moved = update.before - update.after
    rate = float(moved.flat[place] / gradient.flat[place])
    exact = np.allclose(moved, rate * gradient, rtol=1e-6, atol=1e-9 * largest)
    return round(rate, 12) if exact and rate > 0 else None


def _name(timeline: Timeline, node: str) -> Span:
    return plain(own_name(timeline.recording.graph[node]) or label_of(timeline, node))


def _equals(value: Array, role: str) -> Spans:
    if value.size == 1:
        return plain(" = "), plain(digits.significant(value.item()), role)
    return plain(f" ({digits.size_of(value)})", role), plain("")
