"""Every gate of the catalog, exported in a small network and run; a new gate needs no new line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind, Op, catalog
from bpstudio.exchange import formats
from bpstudio.exchange.verify import Verification
from bpstudio.project.project import Project, complete

SHAPES = ((2, 3), (3,), (), (2, 1))
"""What the arguments of a gate without samples get, turn about: they broadcast."""


OWNED = (Kind.WEIGHT, Kind.STATISTIC, Kind.NOISE)
"""What no wire needs to supply."""


def instances(kind: type[Op]) -> Iterator[Op]:
    """The gate with its default settings, and with others where a setting changes what it does."""
    yield kind()
    for field in dataclasses.fields(kind):
        default, choices = field.default, field.metadata["choices"]
        if choices is not None and not isinstance(default, str):
            yield from (kind(**{field.name: c}) for c in choices if c != default)
        elif isinstance(default, float):
            yield kind(**{field.name: 0.75})
        elif isinstance(default, int) and not isinstance(default, bool) and field.name != "units":
            yield kind(**{field.name: default + 1})


def project_of(op: Op, shapes: Mapping[str, tuple[int, ...]]) -> Project | None:
    """The gate between inputs of these shapes; None where they do not suit its settings."""
    rng = np.random.default_rng(len(shapes) + sum(map(sum, shapes.values())))
    nodes: dict[str, Node] = {}
    given: dict[str, Array] = {}
    sources: dict[str, tuple[str, ...]] = {}
    wired = {port.name: port for port in op.ports if port.kind not in OWNED}
    for name in shapes:
        port = wired.get(name) or wired.get(name.rstrip("0123456789"))
        if port is None:
            continue
        low, high = op.domain.get(port.name, (-1.5, 1.5))
        low, high = max(low, -1.5) + 0.05, min(high, 1.5) - 0.05
        nodes[f"in_{name}"] = Node(f"in_{name}", catalog["input"]())
        given[f"in_{name}.value"] = rng.uniform(low, high, shapes[name])
        sources[port.name] = (*sources.get(port.name, ()), f"in_{name}")
    nodes["gate1"] = Node("gate1", op, sources)
    project = complete(Project(graph=Graph(nodes), given=given))
    return project if "gate1" in project.known_shapes else None


def cases() -> Iterator[tuple[str, Project]]:
    for name, kind in sorted(catalog.items()):
        for op in instances(kind):
            ports = [port.name for port in op.ports if port.kind not in OWNED]
            turns = range(len(SHAPES) if ports else 1)
            broadcast = [
                {port: SHAPES[(i + turn) % len(SHAPES)] for i, port in enumerate(ports)}
                for turn in turns
            ]
            for place, shapes in enumerate(op.samples or broadcast):
                if "bias" in shapes and "units" in op.settings:
                    op = kind(**{**op.settings, "units": shapes["bias"][0]})
                project = project_of(op, shapes) if op.category != "source" else None
                if project is not None:
                    settings = "-".join(str(v) for v in op.settings.values())
                    yield f"{name}-{settings}-{place}", project


CASES = dict(cases())


def verified(folder: Path, format: str) -> dict[str, Verification]:
    exports = []
    for place, project in enumerate(CASES.values()):
        path = folder / f"{place}{formats.FORMATS[format].ending}"
        formats.export(project, format, path)
        exports.append((project, format, path))
    return dict(zip(CASES, formats.verify_many(exports), strict=True))


def failed(found: Mapping[str, Verification]) -> dict[str, Verification]:
    return {name: each for name, each in found.items() if not each.passed or each.skipped}


def test_there_is_a_case_for_every_gate() -> None:
    computing = {name for name, kind in catalog.items() if kind.category != "source"}
    assert {name.partition("-")[0] for name in CASES} == computing


def test_every_gate_in_numpy(tmp_path: Path) -> None:
    found = verified(tmp_path, "numpy")
    assert failed(found) == {}
    assert all(each.gradient_difference is not None for each in found.values())


@pytest.mark.torch
def test_every_gate_in_pytorch(tmp_path: Path) -> None:
    assert failed(verified(tmp_path, "pytorch")) == {}


def test_every_gate_in_onnx(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    found = verified(tmp_path, "onnx")
    assert failed(found) == {}
    assert all("onnxruntime" in each.runtime for each in found.values())
