"""The rules that are broken when a number is worked out by hand, each with a sentence on it."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from bpstudio.language import N_


class Rule(enum.Enum):
    """What went wrong on the way to a number."""

    NO_UPSTREAM = "no upstream"
    """Stopped at the local gradient."""
    PASSED_ON = "passed on"
    """Stopped at the upstream gradient, as an add gate would."""
    OWN_VALUE = "own value"
    """At a multiply gate times its own value, not the other's."""
    WRONG_SIDE = "wrong side"
    """max sends the gradient to the side that won."""
    SHARED = "shared"
    """max does not share, but at a tie."""
    NO_MASK = "no mask"
    """A ReLU lets nothing through where its input was not positive."""
    NOT_TRANSPOSED = "not transposed"
    """W for Wᵀ."""
    TRANSPOSED = "transposed"
    """Rows and columns of the gradient changed places."""
    NOT_AVERAGED = "not averaged"
    """1/n forgotten."""
    INPUT_FOR_OUTPUT = "input for output"
    """The local gradient is made of the output, as that of exp is."""
    OUTPUT_FOR_INPUT = "output for input"
    """The local gradient is made of the input, as that of a square is."""
    LOST_SUM = "lost sum"
    """At a fork one wire's share was taken for all."""
    MULTIPLIED = "multiplied"
    """At a fork the shares add up."""
    DOUBLED = "doubled"
    """An old gradient was not cleared."""
    SIGN = "sign"
    """A minus too many or too few."""
    VALUE = "value"
    """A value was given for a gradient."""
    VALUE_UPSTREAM = "value upstream"
    """The gate's value was taken for the gradient that arrives at it."""
    GRADIENT = "gradient"
    """A gradient was given for a value."""
    OTHER_GATE = "other gate"
    """Another gate's rule: a sum for a product."""
    INPUT = "input"
    """What went in was given for what comes out."""
    ROUNDED = "rounded"
    """Rounded on the way, so that the error grew."""
    CARRIED = "carried"
    """This step is right, but what it began with was wrong."""

    @property
    def title(self) -> str:
        """A few words for a list; an English text marked for translation."""
        return _TEXTS[self][0]

    @property
    def explanation(self) -> str:
        """What happened, and what would be right; an English text marked for translation."""
        return _TEXTS[self][1]


_TEXTS: Mapping[Rule, tuple[str, str]] = {
    Rule.NO_UPSTREAM: (
        N_("the upstream gradient was forgotten"),
        N_(
            "That is the local gradient alone. Multiply it by the upstream gradient, which arrives "
            "at the gate from behind."
        ),
    ),
    Rule.PASSED_ON: (
        N_("the local gradient was forgotten"),
        N_(
            "That is the upstream gradient as it arrives. Only an add gate passes it on unchanged; "
            "here it must be multiplied by the local gradient."
        ),
    ),
    Rule.OWN_VALUE: (
        N_("its own value at a multiply gate"),
        N_(
            "A multiply gate swaps: the gradient of an input is upstream times the value of the "
            "other input, not its own."
        ),
    ),
    Rule.WRONG_SIDE: (
        N_("the wrong side of max"),
        N_(
            "The whole gradient goes to the input that was let through, and 0 to the other: only "
            "the first moves the result."
        ),
    ),
    Rule.SHARED: (
        N_("max does not share"),
        N_("One input gets the whole gradient and the other 0. It is halved only at a tie."),
    ),
    Rule.NO_MASK: (
        N_("the mask of the ReLU was forgotten"),
        N_(
            "A ReLU passes the gradient on where its input was positive; where it was not, 0 goes "
            "back. Its Jacobian has 0 and 1 on the diagonal and is not the identity."
        ),
    ),
    Rule.NOT_TRANSPOSED: (
        N_("W for Wᵀ"),
        N_(
            "On the way back the matrix is transposed: the gradient goes from the outputs to the "
            "inputs."
        ),
    ),
    Rule.TRANSPOSED: (
        N_("rows and columns changed places"),
        N_("A gradient has the shape of what it belongs to: here rows and columns are exchanged."),
    ),
    Rule.NOT_AVERAGED: (
        N_("1/n forgotten"),
        N_("Each of n numbers moves their mean by 1/n of its own movement. The 1/n is missing."),
    ),
    Rule.INPUT_FOR_OUTPUT: (
        N_("the input in place of the output"),
        N_(
            "The local gradient of this gate is made of its output, as eˣ is its own slope. The "
            "input was put in."
        ),
    ),
    Rule.OUTPUT_FOR_INPUT: (
        N_("the output in place of the input"),
        N_("The local gradient of this gate is made of its input. The output was put in."),
    ),
    Rule.LOST_SUM: (
        N_("the sum at the fork was forgotten"),
        N_(
            "The value goes several ways, and a share comes back along each. That is one of them; "
            "add them up."
        ),
    ),
    Rule.MULTIPLIED: (
        N_("multiplied at the fork"),
        N_("What comes back along several wires is added, not multiplied."),
    ),
    Rule.DOUBLED: (
        N_("counted twice"),
        N_("That is twice as much: as if the gradient of the last pass had not been cleared."),
    ),
    Rule.SIGN: (
        N_("the sign"),
        N_("The size is right, but a sign was lost on the way. Look at each minus again."),
    ),
    Rule.VALUE: (
        N_("a value for a gradient"),
        N_("That is the value, which runs forward. The gradient says how much the end moves."),
    ),
    Rule.VALUE_UPSTREAM: (
        N_("the gate's value for the upstream gradient"),
        N_(
            "The local gradient is right, but it was multiplied by what the gate gives. Multiply "
            "it by the gradient that arrives there."
        ),
    ),
    Rule.GRADIENT: (
        N_("a gradient for a value"),
        N_("That is the gradient, which runs backward. The value is what the gate gives."),
    ),
    Rule.OTHER_GATE: (
        N_("another gate"),
        N_("Those numbers belong together differently: look at the sign on the gate again."),
    ),
    Rule.INPUT: (
        N_("the input for the output"),
        N_("That is what goes in. The gate still has to do its work."),
    ),
    Rule.ROUNDED: (
        N_("rounded too early"),
        N_(
            "Nearly: numbers were rounded on the way, and the errors grew. Keep two more decimals "
            "until the end."
        ),
    ),
    Rule.CARRIED: (
        N_("a mistake carried on"),
        N_(
            "This step is right, but the gradient that arrives here was not. Go one gate back "
            "towards the end."
        ),
    ),
}
