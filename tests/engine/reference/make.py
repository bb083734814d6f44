"""Asks PyTorch for the answers that the tests keep for machines without it.

    python -m tests.engine.reference.make

from the repository's root, after a gate or an optimizer was added.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from tests.engine import test_every_op, test_optimizers

HERE = Path(__file__).parent


def gates() -> None:
    """Each gate's output and gradients at a few inputs."""
    index: dict[str, dict[str, tuple[int, ...]]] = {}
    numbers: list[Array] = []
    for case in test_every_op.CASES:
        for number in range(test_every_op.STORED):
            answer = test_every_op.reference(case, number)
            parts = {
                "g": answer.g,
                "y": answer.output,
                **{f"x.{name}": value for name, value in answer.values.items()},
                **{f"d.{name}": value for name, value in answer.gradients.items()},
            }
            index[f"{case}|{number}"] = {name: part.shape for name, part in parts.items()}
            numbers.extend(part.ravel() for part in parts.values())
    np.savez_compressed(
        HERE / "gates.npz", index=np.array(json.dumps(index)), numbers=np.concatenate(numbers)
    )


def optimizers() -> None:
    """Each optimizer's weights after each of twenty steps."""
    paths: dict[str, Any] = {c.name: test_optimizers.reference(c) for c in test_optimizers.CASES}
    np.savez_compressed(HERE / "optimizers.npz", **paths)


if __name__ == "__main__":
    gates()
    optimizers()
