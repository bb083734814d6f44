"""Training that two processes share, beside the same training of one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Op, catalog
from bpstudio.engine.optimizers import Momentum
from bpstudio.errors import StudioError
from bpstudio.exchange import formats, torch_code
from bpstudio.exchange.program import program
from bpstudio.project import build
from bpstudio.project.project import Project, complete
from bpstudio.training.settings import Settings


def gate(name: str, **settings: Any) -> Op:
    return catalog[name](**settings)


def network(**settings: Any) -> Project:
    """Nine rows in batches of four: the shares differ, and the last batch has one row."""
    project = build.network(toys.make("moons", points=9), (2, 3, 1), seed=5)
    frozen = frozenset({"dense2"})
    return replace(
        project,
        training=Settings(optimizer=Momentum(), batch=4, seed=5, frozen=frozen, **settings),
    )


def ran(folder: Path, *words: str) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def numbers(printed: str) -> list[float]:
    """Every number of what a script printed."""
    for sign in "[],:=":
        printed = printed.replace(sign, " ")
    return [float(word) for word in printed.split() if word[-1].isdigit() and word[0] in "-0123456"]


@pytest.mark.torch
def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "net.py"
    formats.export(network(l1=1e-3, clip_norm=0.5), "torchrun", path)
    path.write_text(path.read_text().replace("epochs=1000", "epochs=100"))
    before = ran(tmp_path, "net.py")
    alone = ran(tmp_path, "net.py", "--train")
    trained = tmp_path / "net_trained.pt"
    assert trained.exists()
    trained.unlink()
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    both = ran(tmp_path, *launcher, "net.py", "--train")
    assert trained.exists()
    assert both.count("epoch") == both.count("forward:") == 1
    assert numbers(both) == pytest.approx(numbers(alone), rel=1e-9, abs=1e-12)
    assert numbers(before) != pytest.approx(numbers(alone)[2:], rel=1e-3)


@pytest.mark.torch
def test_it_is_verified_as_the_other_script_is(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    formats.export(network(), "torchrun", tmp_path / "net.py")
    found = formats.verify(network(), "torchrun", tmp_path / "net.py")
    assert found.passed
    assert found.max_difference is not None


def test_the_plain_script_knows_nothing_of_other_processes() -> None:
    plain = torch_code.write(program(network())).main.decode()
    assert "torch.distributed" not in plain
    assert (
        "DistributedDataParallel(network)"
        in formats.FORMATS["torchrun"].write(network()).main.decode()
    )


def test_what_can_not_be_shared_is_a_sentence() -> None:
    frozen = frozenset({"dense1", "dense2"})
    project = network()
    idle = replace(project, training=replace(project.training, frozen=frozen))
    with pytest.raises(StudioError, match="nothing to train together"):
        formats.FORMATS["torchrun"].write(idle)
    nodes = [
        Node("data1", gate("data")),
        Node("dense1", gate("dense", units=1), {"x": ("data1",)}),
        Node("centre", gate("mean", axis=0), {"x": ("dense1",)}),
        Node("centred", gate("subtract"), {"a": ("dense1",), "b": ("centre",)}),
        Node("loss1", gate("squared_error"), {"prediction": ("centred",)}),
    ]
    graph = Graph({node.id: node for node in nodes})
    batch = complete(Project(graph=graph, data=toys.make("moons", points=9)))
    with pytest.raises(StudioError, match="not the mean of what each row costs"):
        formats.FORMATS["torchrun"].write(batch)
