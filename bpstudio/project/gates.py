"""Gates, optimizers and schedules from their names and plain values.

A form, a file or a command gives them so. A declared type is kept here (`units` is a
whole number), a declared range by the gate itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec
import numpy as np

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine.op import Op, catalog
from bpstudio.engine.optimizers import Optimizer, optimizers
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.schedules import Schedule, schedules

Declared = TypeVar("Declared", Op, Optimizer, Schedule)


def gate(name: str, settings: Mapping[str, Any] | None = None) -> Op:
    """The gate of that name in files, such as `dense`, with these settings.

    Raises StudioError for a name or a setting that does not exist, and for a value that does not
    fit the setting.
    """
    kind = catalog.get(name)
    if kind is None:
        raise StudioError(
            N_("There is no gate called {name}. There are: {names}."),
            name=name,
            names=", ".join(sorted(catalog)),
        )
    return kind(**typed(kind, settings or {}))


def optimizer(name: str, settings: Mapping[str, Any] | None = None) -> Optimizer:
    """The optimizer of that name in files, such as `adam`; raises StudioError as `gate` does."""
    kind = optimizers.get(name)
    if kind is None:
        raise StudioError(
            N_("There is no optimizer called {name}. There are: {names}."),
            name=name,
            names=", ".join(sorted(optimizers)),
        )
    return kind(**typed(kind, settings or {}))


def schedule(name: str, settings: Mapping[str, Any] | None = None) -> Schedule:
    """The schedule of that name in files, such as `cosine`; raises StudioError as `gate` does."""
    kind = schedules.get(name)
    if kind is None:
        raise StudioError(
            N_("There is no schedule called {name}. There are: {names}."),
            name=name,
            names=", ".join(sorted(schedules)),
        )
    return kind(**typed(kind, settings or {}))


def changed(value: Declared, setting: str, new: Any) -> Declared:
    """The same value with one setting changed; raises StudioError as `gate` does."""
    return dataclasses.replace(value, **typed(type(value), {setting: new}))  # type: ignore[type-var]


def typed(kind: type[Op | Optimizer | Schedule], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as values of their declared types: a list as the tuple, 1 as the 1.0 it means.

    Raises StudioError for a setting that the class does not declare or a value of another type.
    """
    hashable: Any = kind
    declared = _declared(hashable)
    values = {}
    for name, value in settings.items():
        if name not in declared:
            raise StudioError(
                N_("{title} has no setting called {setting}. It has: {names}."),
                title=kind.title,
                setting=name,
                names=", ".join(declared) or "-",
            )
        plain = value.item() if isinstance(value, np.generic) else value
        try:
            values[name] = msgspec.convert(plain, declared[name])
        except msgspec.ValidationError as error:
            raise StudioError(
                N_("{title}: {setting} can't be {value} ({reason})."),
                title=kind.title,
                setting=name,
                value=repr(value)[:80],
                reason=error,
            ) from None
    return values


@cache
def _declared(kind: type[Op | Optimizer | Schedule]) -> dict[str, Any]:
    """The settings' types by name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
