"""Every gate of the studio. Importing this fills `op.catalog`."""

from bpstudio.engine.ops import (
    activation,
    arithmetic,
    elementary,
    layer,
    loss,
    missing,
    reduction,
    source,
)

__all__ = [
    "activation",
    "arithmetic",
    "elementary",
    "layer",
    "loss",
    "missing",
    "reduction",
    "source",
]
