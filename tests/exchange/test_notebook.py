"""The studio in notebooks and scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpstudio
from bpstudio.errors import StudioError


def test_build_run_step_check_train_save_load_export(tmp_path: Path) -> None:
    net = bpstudio.build("xor", (2, 4, 1), seed=3)
    steps = list(net.step())
    assert {step.node for step in steps} >= {"dense1", "dense2", "loss1"}
    assert net.run().gradients
    assert net.check().max_relative_error < 1e-6
    trained = net.train(50)
    assert len(trained.losses) == 50 and len(net.losses) == 0
    assert np.array_equal(trained.train(10).losses[50:], net.train(60).losses[50:])
    trained.save(tmp_path / "x.bps")
    again = bpstudio.load(tmp_path / "x.bps")
    rows = [[0, 1], [1, 1]]
    assert np.array_equal(again.predict(rows), trained.predict(rows))
    found = again.export("numpy", tmp_path / "x.py", verify=True)
    assert found is not None and found.passed
    assert "<svg" in again._repr_svg_()
    again.export("npz", tmp_path / "w.npz")
    filled = bpstudio.import_model(tmp_path / "w.npz", into=net)
    assert np.array_equal(filled.predict(rows), trained.predict(rows))


def test_a_formula() -> None:
    net = bpstudio.formula("(x+y)*z", x=-2, y=5, z=-4)
    values = {step.node: step.output for step in net.run().forward}
    assert min(float(value) for value in values.values()) == -12.0


def test_what_does_not_fit_is_a_sentence() -> None:
    with pytest.raises(StudioError):
        bpstudio.build("xor", (3, 1))
    with pytest.raises(AttributeError):
        bpstudio.nothing  # noqa: B018
    assert "build" in dir(bpstudio)


def test_an_export_is_compared() -> None:
    found = bpstudio.build("xor", (2, 2, 1)).verify("numpy")
    assert found.passed and found.max_difference is not None and found.max_difference < 1e-12


def test_no_qt_is_imported() -> None:
    code = (
        "import bpstudio, sys\n"
        "assert not [m for m in sys.modules if m.startswith('bpstudio.')]\n"
        "bpstudio.build('xor', (2, 2, 1)).train(2)._repr_svg_()\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pyqtgraph')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("rows", [[], [[]], None, [[1, 2], [3]], [["a", "b"]], [[1, {}]]])
def test_rows_that_are_none_are_one_sentence(rows: Any) -> None:
    with pytest.raises(StudioError):
        bpstudio.build("xor", (2, 3, 1)).predict(rows)
