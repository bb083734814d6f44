"""Formula gates, exported and run: also where a name means something to the language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.ops.custom import Formula
from bpstudio.engine.ops.source import Input
from bpstudio.exchange import formats
from bpstudio.project.project import Project, complete

TEXTS = (
    "x * sigmoid(b * x)",
    "(x + y) * z",
    "x if x > 0 else 0.1 * x",
    "a ^ 2 + 2 ^ b",
    "clip(x, -1, 0.5) * max(x, b) + (x > b)",
    "self + y * np - text / (lambda + 2)",
    "torch * float + class * x_0 - forward * d_x",
    "가 * β + 나",
    "sigmoid(" * 12 + "x * y" + ")" * 12,
)


def project_of(text: str) -> Project:
    op = Formula(text=text)
    rng = np.random.default_rng(len(text))
    shapes = ((2, 3), (3,), (), (2, 1))
    nodes = {f"in{i}": Node(f"in{i}", Input()) for i in range(len(op.ports))}
    given = {f"{id}.value": rng.uniform(-1.5, 1.5, shapes[i % 4]) for i, id in enumerate(nodes)}
    sources = {port.name: (id,) for port, id in zip(op.ports, nodes, strict=True)}
    nodes["gate1"] = Node("gate1", op, sources)
    return complete(Project(graph=Graph(nodes), given=given))


@pytest.mark.parametrize(
    "format", ["numpy", "onnx", pytest.param("pytorch", marks=pytest.mark.torch)]
)
def test_exports_give_what_the_studio_gives(format: str, tmp_path: Path) -> None:
    if format == "onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    exports = []
    for place, text in enumerate(TEXTS):
        path = tmp_path / f"{place}{formats.FORMATS[format].ending}"
        project = project_of(text)
        formats.export(project, format, path)
        exports.append((project, format, path))
    for text, result in zip(TEXTS, formats.verify_many(exports), strict=True):
        assert result.passed and not result.skipped, (text, result)
