"""How a gradient changes the weights, declared like gates.

An optimizer is one class with one pure rule over whole vectors:

    update(w, g, rate, t, *state) -> {"w": new weights, and each state's new value}

`w` are all weights in one vector, `g` their gradient, `rate` the learning rate (one number, or one
for each weight: 0 freezes it), `t` the number of this step counted from 1, and every further
argument a state vector of the same length that starts at zero. A rule keeps the rules of gates
(see `op.py`), because it is traced and compiled like them.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, dataclass_transform

import numpy as np

from bpstudio.engine.op import Array, check_setting, setting
from bpstudio.language import N_

optimizers: dict[str, type[Optimizer]] = {}
"""Every optimizer by its name in files and on the command line."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Optimizer:
    """A rule that turns gradients into updates."""

    learning_rate: float = setting(0.1, low=0.0, help=N_("α: how far a step goes."))

    name: ClassVar[str]
    title: ClassVar[str]
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""
    state: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Make the class a frozen value and enter it in `optimizers`."""
        cls.title = vars(cls).get("title") or cls.__name__
        cls.name = cls.title.lower()
        cls.state = tuple(inspect.signature(cls.update).parameters)[5:]
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        optimizers[cls.name] = cls

    def __post_init__(self) -> None:
        """Refuse a setting outside its range."""
        for each in dataclasses.fields(self):  # type: ignore[arg-type]
            check_setting(self.title, each, getattr(self, each.name))

    def update(self, *arguments: Any, **named: Any) -> Mapping[str, Array]:
        """The new weights under `w`, and the new value of each state under its name."""
        raise NotImplementedError

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]


dataclasses.dataclass(frozen=True, kw_only=True)(Optimizer)


class SGD(Optimizer):
    """Gradient descent: a step straight down the slope."""

    learning_rate: float = setting(0.5, low=0.0, help=N_("α: how far a step goes."))

    formula = "w := w − α · g"

    def update(self, w: Array, g: Array, rate: Array, t: Array) -> Mapping[str, Array]:
        return {"w": w - rate * g}


class Momentum(Optimizer):
    """Gradient descent with a velocity, which keeps part of the last step's direction."""

    learning_rate: float = setting(0.1, low=0.0, help=N_("α: how far a step goes."))
    momentum: float = setting(0.9, low=0.0, high=1.0, help=N_("μ: how much velocity stays."))

    formula = "v := μ · v + g,  w := w − α · v"
    source = "Polyak 1964; in the form of Sutskever et al. 2013 as PyTorch has it"

    def update(
        self, w: Array, g: Array, rate: Array, t: Array, velocity: Array
    ) -> Mapping[str, Array]:
        velocity = self.momentum * velocity + g
        return {"w": w - rate * velocity, "velocity": velocity}


class Nesterov(Optimizer):
    """Momentum that looks ahead: the step goes where the velocity will have led."""

    learning_rate: float = setting(0.1, low=0.0, help=N_("α: how far a step goes."))
    momentum: float = setting(0.9, low=0.0, high=1.0, help=N_("μ: how much velocity stays."))

    formula = "v := μ · v + g,  w := w − α · (g + μ · v)"
    source = "Nesterov 1983; in the form of Sutskever et al. 2013 as PyTorch has it"

    def update(
        self, w: Array, g: Array, rate: Array, t: Array, velocity: Array
    ) -> Mapping[str, Array]:
        velocity = self.momentum * velocity + g
        return {"w": w - rate * (g + self.momentum * velocity), "velocity": velocity}


class AdaGrad(Optimizer):
    """A rate of its own for each weight: the more it has moved, the smaller its steps."""

    learning_rate: float = setting(0.1, low=0.0, help=N_("α: how far a step goes."))
    epsilon: float = setting(1e-10, low=0.0, high=1.0, help=N_("ε: keeps the division finite."))

    formula = "s := s + g²,  w := w − α · g / (√s + ε)"
    source = "Duchi, Hazan and Singer 2011, in the diagonal form"

    def update(
        self, w: Array, g: Array, rate: Array, t: Array, square: Array
    ) -> Mapping[str, Array]:
        square = square + g * g
        return {"w": w - rate * g / (np.sqrt(square) + self.epsilon), "square": square}


class RMSProp(Optimizer):
    """AdaGrad that forgets: steps are divided by the usual size of the recent gradients."""

    learning_rate: float = setting(0.01, low=0.0, help=N_("α: how far a step goes."))
    decay: float = setting(0.99, low=0.0, high=0.999999, help=N_("ρ: memory of the square."))
    epsilon: float = setting(1e-8, low=0.0, high=1.0, help=N_("ε: keeps the division finite."))

    formula = "s := ρ·s + (1−ρ)·g²,  w := w − α · g / (√s + ε)"
    source = "Tieleman and Hinton 2012, lecture 6.5 of the course on neural networks"

    def update(
        self, w: Array, g: Array, rate: Array, t: Array, square: Array
    ) -> Mapping[str, Array]:
        square = self.decay * square + (1.0 - self.decay) * (g * g)
        return {"w": w - rate * g / (np.sqrt(square) + self.epsilon), "square": square}


class Adam(Optimizer):
    """Steps of about equal size for every weight, from running means of g and g²."""

    learning_rate: float = setting(0.01, low=0.0, help=N_("α: how far a step goes."))
    beta1: float = setting(0.9, low=0.0, high=0.999999, help=N_("β₁: memory of the mean."))
    beta2: float = setting(0.999, low=0.0, high=0.999999, help=N_("β₂: memory of the square."))
    epsilon: float = setting(1e-8, low=0.0, high=1.0, help=N_("ε: keeps the division finite."))

    formula = "m := β₁·m + (1−β₁)·g,  v := β₂·v + (1−β₂)·g²,  w := w − α · m̂ / (√v̂ + ε)"
    source = "Kingma and Ba 2015, algorithm 1"

    def update(
        self, w: Array, g: Array, rate: Array, t: Array, mean: Array, square: Array
    ) -> Mapping[str, Array]:
        # Both means are kept without their factors 1 − β. These, and the two corrections for the
        # start at zero, are moved to the rate and to ε, where they are one number each instead of
        # four passes over all weights.
        mean = self.beta1 * mean + g
        square = self.beta2 * square + g * g
        correction = np.sqrt((1 - self.beta2**t) / (1 - self.beta2))
        scaled = rate * (correction * (1 - self.beta1) / (1 - self.beta1**t))
        step = scaled * mean / (np.sqrt(square) + self.epsilon * correction)
        return {"w": w - step, "mean": mean, "square": square}


class AdamW(Adam):
    """Adam whose weights also shrink by a share at every step, whatever their gradient."""

    learning_rate: float = setting(0.01, low=0.0, help=N_("α: how far a step goes."))
    decay: float = setting(0.01, low=0.0, high=1.0, help=N_("λ: how fast weights shrink."))

    formula = "m := β₁·m + (1−β₁)·g,  v := β₂·v + (1−β₂)·g²,  w := w − α·λ·w − α · m̂ / (√v̂ + ε)"
    source = "Loshchilov and Hutter 2019, algorithm 2"

    def update(
        self, w: Array, g: Array, rate: Array, t: Array, mean: Array, square: Array
    ) -> Mapping[str, Array]:
        shrunk = w - rate * (self.decay * w)
        return super().update(shrunk, g, rate, t, mean, square)
