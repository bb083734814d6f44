"""Every gate of the studio. Importing this fills `op.catalog`."""

from bpstudio.engine.ops import (
    activation,
    arithmetic,
    convolution,
    custom,
    elementary,
    layer,
    loss,
    missing,
    normalize,
    rectifier,
    reduction,
    reshape,
    robust,
    source,
    vector,
)

__all__ = [
    "activation",
    "arithmetic",
    "convolution",
    "custom",
    "elementary",
    "layer",
    "loss",
    "missing",
    "normalize",
    "rectifier",
    "reduction",
    "reshape",
    "robust",
    "source",
    "vector",
]
