"""Break it: a fault planted in a copy of a run, to be found with the gradient check.

Only faults that the check can find are planted: those that show in these numbers, and for which
it blames the node where they are.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from bpstudio.engine.check import check_recording
from bpstudio.engine.fault import Fault, Plant, plantable, planted
from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import N_

MOST_NUDGED = 8
"""Of a large tensor so many numbers are nudged to see whether a fault shows."""
MOST_TRIED = 60

LEVELS: Mapping[int, str] = {
    1: N_("told which kind of fault"),
    2: N_("told nothing"),
    3: N_("told nothing, and two tries"),
}
TRIES: Mapping[int, int] = {1: 4, 2: 4, 3: 2}

REMEDIES: Mapping[Fault, str] = {
    Fault.OVERWRITE: N_("In code: `grad += …` where a value is used twice, never `grad = …`."),
    Fault.NOT_CLEARED: N_("In PyTorch: `optimizer.zero_grad()` before each `backward()`."),
    Fault.NO_MASK: N_("In code: `dx = dout * (x > 0)`."),
    Fault.NOT_AVERAGED: N_("In code: divide by the number of rows where the loss is a mean."),
    Fault.NOT_TRANSPOSED: N_(
        "In code: `dx = dout @ W.T`. Where W is not square its shape would have told."
    ),
    Fault.WRONG_SIGN: N_("In code: for `a - b` it is `da = dout`, `db = -dout`."),
    Fault.BOTH_SIDES: N_("In code: `da = dout * (a > b)`, `db = dout * (b > a)`."),
}


@dataclass(frozen=True)
class Lab:
    """A planted fault, how much is told of it, and the nodes that were suspected so far."""

    plant: Plant
    level: int
    seed: int
    suspected: tuple[str, ...] = ()
    revealed: bool = False

    @property
    def found(self) -> bool:
        """Whether it was found."""
        return bool(self.suspected) and self.suspected[-1] == self.plant.node

    @property
    def tries_left(self) -> int:
        """How many suspicions are left."""
        return max(0, TRIES[self.level] - len(self.suspected))

    @property
    def over(self) -> bool:
        """Whether there is nothing left to find."""
        return self.found or self.revealed or not self.tries_left


def findable(recording: Recording) -> tuple[Plant, ...]:
    """The faults that the gradient check finds in this run, at the node where they are."""
    found = []
    for plant in plantable(recording)[:MOST_TRIED]:
        check = check_recording(planted(recording, plant), most=MOST_NUDGED)
        if check.blamed == (plant.node,):
            found.append(plant)
    return tuple(found)


def planting(recording: Recording, seed: int, level: int) -> Lab:
    """A fault chosen by a seed; each kind of fault is as likely as the others.

    Raises StudioError where this network can have none that shows.
    """
    if level not in LEVELS:
        raise StudioError(
            N_("There are levels from 1 to {last}, not {level}."), last=max(LEVELS), level=level
        )
    plants = findable(recording) if recording.backward else ()
    if not plants:
        raise StudioError(
            N_(
                "No fault would show in this network. Take one with a fork, a max, a ReLU, a "
                "product of matrices or weights that learn."
            )
        )
    chance = random.Random(f"{seed}/{level}")
    kinds = sorted({plant.fault for plant in plants}, key=lambda fault: fault.value)
    kind = kinds[chance.randrange(len(kinds))]
    own = [plant for plant in plants if plant.fault is kind]
    return Lab(own[chance.randrange(len(own))], level, seed)
