"""Gates of plugins behind a fence: what goes wrong in their code is said as theirs.

A gate of ours that fails is a bug of ours, and reported as one. One that came with a plugin fails
in a sentence that names it and its plugin, wherever it runs: in a recording, a plan, a check, an
export or the worker process. Whoever calls a gate need not know where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np

from bpstudio.engine.op import Op
from bpstudio.errors import GateError, StudioError
from bpstudio.language import N_
from bpstudio.plugins import Plugin

OUTPUTS, GRADIENTS = ("forward", "infer"), ("backward", "infer_backward")
OTHERS = ("draw", "update", "shape", "weight_shapes", "initials")


def fence(plugin: Plugin, gate: type[Op]) -> None:
    """Have every rule that this gate has of its own complain in the name of its plugin."""
    for name in (*OUTPUTS, *GRADIENTS, *OTHERS):
        rule = getattr(gate, name)
        if rule is not getattr(Op, name):
            setattr(gate, name, _fenced(plugin, gate, name, rule))


def _fenced(
    plugin: Plugin, gate: type[Op], name: str, rule: Callable[..., Any]
) -> Callable[..., Any]:
    @wraps(rule)
    def fenced(self: Op, /, *arguments: Any, **named: Any) -> Any:
        try:
            result = rule(self, *arguments, **named)
            if name in OUTPUTS:
                _check_output(result)
            elif name in GRADIENTS and not named:
                _check_gradients(self, result, arguments[2:])
        except (StudioError, MemoryError):
            raise
        except Exception as error:
            raise GateError(
                N_(
                    "The gate {op} of the plugin {plugin} ({package}) fails in {rule}: {reason}. "
                    "Take it out of the network, or bring the plugin up to date."
                ),
                op=gate.title,
                plugin=plugin.name,
                package=plugin.package,
                rule=name,
                reason=f"{type(error).__name__}: {error}".removesuffix(": ").removesuffix("."),
            ) from error
        return result

    return fenced


def _check_output(output: Any) -> None:
    """An output is numbers; one that is traced knows its type and no more."""
    kind = np.dtype(output.dtype if hasattr(output, "dtype") else np.asarray(output).dtype).kind
    if kind not in "biuf":
        raise TypeError(f"the output is {type(output).__name__}, not an array of numbers")


def _check_gradients(gate: Op, ruled: Any, values: Sequence[Any]) -> None:
    """Gradients come by the names of the arguments, and each can be made to fit its argument."""
    if not isinstance(ruled, Mapping):
        raise TypeError(f"the gradients are {type(ruled).__name__}, not given by argument")
    several = len(values) - len(gate.ports) + 1
    at = 0
    for port in gate.ports:
        own = values[at : at + several] if port.variadic else values[at : at + 1]
        at += len(own)
        if port.name not in ruled:
            continue
        gradients = ruled[port.name] if port.variadic else [ruled[port.name]]
        for gradient, value in zip(gradients, own, strict=True):
            have, wanted = _shape(gradient), _shape(value)
            aligned = have[len(have) - len(wanted) :]
            fits = all(a == b or 1 in (a, b) for a, b in zip(aligned, wanted, strict=False))
            if have and (len(have) < len(wanted) or not fits):
                raise ValueError(f"a gradient of shape {have} for {port.name} of {wanted}")


def _shape(array: Any) -> tuple[int, ...]:
    return tuple(array.shape) if hasattr(array, "shape") else np.shape(array)
