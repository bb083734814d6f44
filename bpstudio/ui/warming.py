"""What is wanted sooner or later is imported before anybody asks for it.

To import what a panel or a dialog stands on takes up to some tenths of a second, and on a machine
that is busy with other things several times as long. One module at a time, between what a person
does, it holds the window up for as long as the slowest of them. A thread of its own would hold up
nothing, but classes of Qt can't be made beside the window: now and then that ends the program.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial

BESIDE = (
    "bpstudio.training.beside",
    "bpstudio.training.driving",
    "bpstudio.training.executors",
    "bpstudio.training.sweeping",
    "bpstudio.engine.check",
    "bpstudio.engine.race",
    "bpstudio.engine.jacobian",
    "bpstudio.engine.derivative",
    "bpstudio.ui.canvas.searches",
    "bpstudio.ui.film",
    "bpstudio.ui.render",
    "bpstudio.ui.presenting",
)
"""What a first click would import, beside the dialogs."""

log = logging.getLogger(__name__)


def imports(names: Iterable[str]) -> Iterator[Callable[[], None]]:
    """Calls that import these, each one; none for what is there already."""
    return (partial(_import, name) for name in names if name not in sys.modules)


def later() -> Iterator[str]:
    """The modules that a first click would import."""
    from bpstudio.ui import dialogs

    yield from BESIDE
    for found in pkgutil.iter_modules(dialogs.__path__):
        yield f"{dialogs.__name__}.{found.name}"


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:
        # Whoever wants it is told what is wrong with it.
        log.info("%s can't be imported", name, exc_info=True)
