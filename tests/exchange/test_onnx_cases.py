"""The cases that come with ONNX itself: what is read of them, and that it gives the same numbers.

`resources/guide/onnx.md` lists the operators; `python -m tests.exchange.test_onnx_cases` writes it
anew.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from bpstudio import resources
from bpstudio.engine import run
from bpstudio.errors import StudioError
from bpstudio.exchange import onnx_import
from bpstudio.exchange.onnx_layers import RULES
from bpstudio.exchange.onnx_reading import DOMAINS

pytest.importorskip("onnx")

DOCUMENT = Path(resources.path("guide", "onnx.md"))
FLOATS = (np.float32, np.float64)
READ = (*FLOATS, np.bool_, np.int64)


class Found(NamedTuple):
    """What came of the cases of one operator: their names, and for those that are not read why."""

    passed: list[str]
    refused: dict[str, str]


@cache
def cases() -> tuple[Any, ...]:
    """The float cases of ONNX's own tests of which every operator has a rule here."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        # Making the cases divides by zero on purpose.
        warnings.simplefilter("ignore")
        made: Any = collect_testcases("")
    return tuple(
        case
        for case in made
        if {node.op_type for node in case.model.graph.node} <= RULES.keys()
        and all(node.domain in DOMAINS for node in case.model.graph.node)
        and all(_of_floats(*data) for data in case.data_sets or ())
    )


def _of_floats(inputs: Sequence[Any], outputs: Sequence[Any]) -> bool:
    types = [getattr(each, "dtype", None) for each in (*inputs, *outputs)]
    return all(each in READ for each in types) and all(o.dtype in FLOATS for o in outputs)


def read(case: Any) -> tuple[str, float]:
    """Why a case is not read, or else how far its outputs are from those that ONNX gives."""
    import onnx

    inputs, outputs = case.data_sets[0]
    model, feed = onnx.ModelProto(), {}
    model.CopyFrom(case.model)
    for info, array in zip(list(model.graph.input), inputs, strict=False):
        if array.dtype == np.int64:
            # Sizes and axes are fixed in every model that is read.
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, info.name))
        else:
            feed[info.name] = array.astype(float)
    try:
        imported = onnx_import.from_onnx(model.SerializeToString())
    except StudioError as error:
        return str(error), 0.0
    if imported.not_understood:
        return imported.not_understood[0].reason, 0.0
    given = dict(imported.project.given)
    for name, array in feed.items():
        laid = imported.inputs[name]
        given[onnx_import.key_of(laid)] = onnx_import.numbers_for(laid, array)
    project = imported.project
    with np.errstate(all="ignore"):
        steps = run.forward(project.graph, given, project.weights, statistics=project.statistics)
        values = {step.node: step.output for step in steps}
    away = 0.0
    for info, wanted in zip(model.graph.output, outputs, strict=True):
        laid = imported.outputs[info.name]
        got = onnx_import.numbers_from(laid, values[laid.node])
        assert got.shape == wanted.shape, case.name
        assert np.array_equal(np.isfinite(got), np.isfinite(wanted)), case.name
        finite = np.isfinite(wanted)
        scale = max(1.0, float(np.max(np.abs(wanted[finite]), initial=0.0)))
        away = max(away, float(np.max(np.abs(got - wanted)[finite], initial=0.0)) / scale)
    return "", away


@cache
def found() -> dict[str, Found]:
    """By operator what came of its cases; those of several operators stand under all of them."""
    told: dict[str, Found] = defaultdict(lambda: Found([], {}))
    for case in cases():
        reason, away = read(case)
        kinds = {node.op_type for node in case.model.graph.node}
        # The reference computes in float32, and some of its cases are given with few digits.
        assert away < 2e-5, (case.name, away)
        for kind in kinds if len(kinds) == 1 else ():
            if reason:
                told[kind].refused[case.name] = reason
            else:
                told[kind].passed.append(case.name)
        if len(kinds) > 1 and not reason:
            told["several at once"].passed.append(case.name)
    return dict(told)


def document() -> str:
    """What is read of ONNX, as a page."""
    whole = {k: f for k, f in found().items() if k in RULES and not f.refused}
    part = {k: f for k, f in found().items() if f.refused}
    tried = sum(len(each.passed) for each in found().values())
    alone = sorted(RULES.keys() - found().keys())
    lines = [
        "# What is read of ONNX",
        "",
        "Operators of the standard domain in float32 or float64, in a file of their own. Data in",
        "other files, other domains and functions of the file's own are refused. An operator that",
        "is not listed here, or in a form that is not read, stands on the canvas as an inert gate",
        "and is listed after the import. `tests/exchange/test_onnx_cases.py` runs the cases that",
        f"come with ONNX itself: {tried} of them are read, and give the same numbers.",
        "",
        "## Read in every form that ONNX's cases have",
        "",
        *(f"- {kind} ({len(whole[kind].passed)})" for kind in sorted(whole)),
        "",
        "## Read in part",
        "",
    ]
    for kind in sorted(part):
        lines.append(f"- {kind} ({len(part[kind].passed)}), but not")
        reasons: dict[str, int] = defaultdict(int)
        for reason in part[kind].refused.values():
            reasons[reason] += 1
        lines += [f"  - {count} × {reason}" for reason, count in sorted(reasons.items())]
    lines += ["", "## Read, and without a float case of their own", ""]
    lines += [f"- {kind}" for kind in alone]
    return "\n".join(lines) + "\n"


def test_the_cases_of_onnx_give_the_same_numbers() -> None:
    passed = sum(len(each.passed) for each in found().values())
    assert passed >= 340
    assert len({k for k, f in found().items() if not f.refused}) >= 55


def test_the_document_lists_what_is_read() -> None:
    assert DOCUMENT.read_text("utf-8") == document()


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
