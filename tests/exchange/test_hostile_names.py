"""Code generation is an attack surface: whatever a file calls things, scripts do only sums."""

from __future__ import annotations

import ast
import builtins
import keyword
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.errors import GraphError
from bpstudio.exchange import formats
from bpstudio.exchange.names import Names, ascii_identifier, identifier, remark
from bpstudio.project import gates
from bpstudio.project.project import Project, complete

IMPORTS = {"math", "numpy", "torch", "sys", "pathlib.Path", "torch.nn"}
METHODS = {
    *("forward", "backward", "items", "values", "tolist", "sum", "item", "split", "squeeze"),
    *("unsqueeze", "numel", "step", "zero_grad", "with_name", "requires_grad_", "reshape"),
    *("named_parameters", "parameters", "load_state_dict", "__init__", "randperm"),
}
"""What may be called on something that is not a library."""
FUNCTIONS = {"print", "range", "dict", "len", "super", "fit", "softmax", "log_softmax", "erf"} | {
    *("ComputationalGraph", "Network", "load", "train", "network", "predict", "f", "Path", "float")
}
LIBRARIES = ("np.", "torch.", "nn.", "math.")

TITLES = [
    'x"); import os; os.system("id")#',
    "'''\nimport os\n'''",
    '"""\nimport os\n"""',
    "\\",
    "a\rimport os",
    "a\u2028import os\u2029import os\x0b\x0c\x1c\x85import os",
    "coding: utf-7 +AGkAbQBwAG8AcgB0-",
    "# -*- coding: raw_unicode_escape -*- \\u000aimport os",
    "{__import__('os')}",
    "%s %(a)s {0} {a!r}",
    "\x00\x1b[31m\ud800",
    "숨은 층 α → β",
    "\u202eimport os",
    "𝐢𝐦𝐩𝐨𝐫𝐭 os",
    "long " * 500,
]


def hostile_ids() -> list[str]:
    """Identifiers that mean something, look like others, or are others once Python reads them."""
    common = [
        *keyword.kwlist,
        *keyword.softkwlist,
        *dir(builtins),
        *("np", "torch", "nn", "sys", "Path", "self", "rows", "target", "weights", "values"),
        *("WEIGHTS", "VALUES", "ROWS", "TARGET", "ARRAYS", "graph", "network", "fit", "softmax"),
        *("predict", "f", "g", "y", "x", "forward", "backward", "prediction", "output", "upstream"),
        *("ComputationalGraph", "Network", "load", "train", "d_x", "d_output", "d_rows", "loss"),
        *("parameters", "state_dict", "double", "to", "type", "half", "eval", "training", "apply"),
        *("DenseGate", "AddGate", "constant", "x_part", "os", "ARRAYS_", "learning_rate"),
        *("𝐜𝐥𝐚𝐬𝐬", "ｉｍｐｏｒｔ", "ﬁ", "fi", "ℌ", "ª", "가중치", "µ", "μ", "ſ", "_", "__", "___"),
        *("__class__", "__init__", "__dict__", "__import__", "_parameters", "_modules", "Ａ", "A"),
    ]
    rng = random.Random(7)
    letters = "abXY_12αβ가ﬁ𝐱"
    made = ("".join(rng.choice(letters) for _ in range(rng.randint(1, 12))) for _ in range(150))
    return list(dict.fromkeys(name for name in (*common, *made) if name.isidentifier()))


def networks() -> Iterator[Project]:
    """A layered network and a formula for every nine names, each with a hostile title."""
    ids = hostile_ids()
    for place in range(0, len(ids) - 8, 9):
        names = ids[place : place + 9]
        yield layered(names[:5], TITLES[place % len(TITLES)])
        yield formula(names[4:], TITLES[(place + 1) % len(TITLES)])


def layered(names: list[str], title: str) -> Project:
    data, shared, dense, act, loss = names
    nodes = [
        Node(data, catalog["data"](), title=title),
        Node(shared, catalog["input"](), title=title),
        Node(dense, gates.gate("dense", {"units": 1}), {"x": (data,)}, title),
        Node(act, catalog["multiply"](), {"a": (dense,), "b": (shared,)}, title),
        Node(loss, catalog["squared_error"](), {"prediction": (act,)}, title),
    ]
    graph = Graph({node.id: node for node in nodes})
    given = {f"{shared}.value": np.asarray([0.5])}
    return complete(Project(graph=graph, given=given, data=toys.make("xor"), title=title))


def formula(names: list[str], title: str) -> Project:
    one, two, weight, product, total = names
    nodes = [
        Node(one, catalog["input"](), title=title),
        Node(two, catalog["input"](), title=title),
        Node(weight, catalog["parameter"](), title=title),
        Node(product, catalog["multiply"](), {"a": (one,), "b": (weight,)}, title),
        Node(total, catalog["add"](), {"a": (product,), "b": (two,)}, title),
    ]
    graph = Graph({node.id: node for node in nodes})
    given = {f"{one}.value": np.asarray(2.0), f"{two}.value": np.asarray(-3.0)}
    return complete(Project(graph=graph, given=given, title=title))


NETWORKS = list(networks())


def scan(script: str) -> list[str]:
    """What stands in a script that must not: imports and calls that are not on the lists."""
    found = []
    classes = {n.name for n in ast.walk(ast.parse(script)) if isinstance(n, ast.ClassDef)}
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name not in IMPORTS]
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found += [name for name in names if name not in IMPORTS]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            known = called in FUNCTIONS | classes or called.startswith(LIBRARIES)
            method = isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
            layer = script.startswith('"""A network in PyTorch') and called.startswith("self.")
            if not (known or method or layer):
                found.append(called)
    return found


def test_there_are_enough_names() -> None:
    assert len(hostile_ids()) > 300


@pytest.mark.parametrize("format", ["numpy", "pytorch"])
def test_scripts_import_and_call_nothing_else(format: str) -> None:
    for project in NETWORKS:
        script = formats.FORMATS[format].write(project).main.decode()
        assert scan(script) == [], script
        # Python looks for an encoding in comments on the first two lines.
        assert "#" not in "".join(script.splitlines()[:2])


def test_the_scan_finds_what_it_looks_for() -> None:
    script = formats.FORMATS["numpy"].write(NETWORKS[0]).main.decode()
    for bad in ("import os", "from os import path", "eval('1')", "np and __import__('os')"):
        assert scan(f"{script}\n{bad}\n")


@pytest.mark.parametrize(
    "format", ["numpy", pytest.param("pytorch", marks=pytest.mark.torch), "onnx"]
)
def test_hostile_names_still_compute_the_same(format: str, tmp_path: Path) -> None:
    form = formats.FORMATS[format]
    if form.missing:
        pytest.skip(f"{form.missing} not installed")
    exports = []
    for place, project in enumerate(NETWORKS):
        path = tmp_path / f"{place}{form.ending}"
        formats.export(project, format, path)
        exports.append((project, format, path))
    found = formats.verify_many(exports)
    assert [each for each in found if not each.passed or each.skipped] == []


def test_an_id_that_is_no_identifier_never_gets_into_a_network() -> None:
    for bad in TITLES:
        with pytest.raises(GraphError):
            Graph({bad: Node(bad, catalog["input"]())})


def test_names_are_handed_out_once() -> None:
    unique = Names(["np"])
    given = [unique(each) for each in ("x", "x", "x_2", "np", "class", "𝐜𝐥𝐚𝐬𝐬", "ﬁ", "fi", "print")]
    assert given == ["x", "x_2", "x_2_2", "np_2", "class_2", "class_3", "fi", "fi_2", "print_2"]


def test_identifiers_of_anything() -> None:
    for text in (*TITLES, "", "1", "___", "$", "a b"):
        assert identifier(text).isidentifier()
        assert not identifier(text).startswith("_")
        plain = ascii_identifier(text)
        assert plain.isidentifier() and plain.isascii()


def test_a_remark_stays_on_its_line() -> None:
    for text in TITLES:
        line = remark(text)
        assert line.isprintable() and len(line) <= 70
        assert len(f"# {line}\n".splitlines()) == 1


def test_a_title_alone_changes_nothing_but_comments() -> None:
    for project in NETWORKS[:20]:
        plain = Graph({n.id: replace(n, title="") for n in project.graph.nodes.values()})
        untitled = replace(project, graph=plain, title="")
        for format in ("numpy", "pytorch"):
            scripts = (formats.FORMATS[format].write(p).main.decode() for p in (project, untitled))
            one, other = (ast.dump(ast.parse(script)) for script in scripts)
            assert one == other
