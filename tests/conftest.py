"""What holds for every test: one thread, no screen, the same examples on every run."""

from __future__ import annotations

import importlib.util
import os

# Before NumPy and Qt are imported by whatever comes next.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# A studio without settings begins in the language of the machine.
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("LANGUAGE", None)

import pytest
from hypothesis import settings

settings.register_profile("bpstudio", deadline=None, derandomize=True, database=None)
settings.load_profile("bpstudio")

TORCH_IS_INSTALLED = importlib.util.find_spec("torch") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `torch` are skipped where PyTorch is not installed."""
    if TORCH_IS_INSTALLED:
        return
    for item in items:
        if item.get_closest_marker("torch"):
            item.add_marker(pytest.mark.skip(reason="torch is not installed"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many comparisons with PyTorch took place, so that none is missed silently."""
    reports = {
        outcome: sum(
            "torch" in getattr(report, "keywords", ())
            for report in terminalreporter.stats.get(outcome, [])
        )
        for outcome in ("passed", "failed", "skipped")
    }
    run = reports["passed"] + reports["failed"]
    if not run and not reports["skipped"]:
        return
    said = f"{run} run" if run else "not run: torch is not installed"
    terminalreporter.write_line(f"PyTorch comparisons: {said}")
