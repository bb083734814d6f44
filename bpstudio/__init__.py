"""Backprop Studio: see back-propagation happen.

The package is a house of floors, each importing only what lies below it: `engine` (gates, graphs,
gradients; NumPy only), `data` (what networks learn from), `training` (steps beside the window),
`project` (a network with its settings as a frozen value, its edits and its file), `playback`
(what a moment of a recording looks like, still without Qt), `exchange` (other formats), `lessons`,
`ui` (the only floor that knows Qt), and `cli`. `errors`, `language` and `resources` lie below all.

For notebooks and scripts there are `build`, `formula`, `load`, `import_model` and `Network`, see
`bpstudio.exchange.notebook`; they are imported when they are asked for.
"""

from typing import Any

__version__ = "0.1.0"

NOTEBOOK = ("Network", "build", "formula", "import_model", "load")


def __getattr__(name: str) -> Any:
    """What notebooks use; every other import of the package stays as quick as it was."""
    if name not in NOTEBOOK:
        raise AttributeError(f"module 'bpstudio' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("bpstudio.exchange.notebook"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *NOTEBOOK])
