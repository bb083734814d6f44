"""A thousand hostile names in the formats that are read rather than run, each in its grammar."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import cycle, islice
from pathlib import Path

import pytest

from bpstudio.data import toys
from bpstudio.exchange import formats
from bpstudio.exchange.verify import verify_files
from bpstudio.project import build
from bpstudio.project.project import Project, complete
from tests.exchange.test_hostile_names import NETWORKS, TITLES, hostile_ids

NAMES = 1000
MORE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "]]>",
    "*/ int system(); /*",
    "??/",
    "\\\n#define double int",
    "\\input{/etc/passwd}",
    "\\write18{id}",
    "% \\end{document}",
    "%%{init: {}}%%",
    'a"]; b [shape=none',
    "click n1 href javascript:alert(1)",
    "| a | b |\n|---|---|",
    "[x](javascript:alert(1))",
    "=cmd|' /C calc'!A0",
    "`rm -rf`",
    "${x}",
    "\u2028\u2029\u202e",
]


def titles() -> list[str]:
    """A thousand of them, the same on every run."""
    letters = "<>&\"'\\/*%#{}[]()|`$^~_;:=?!-\n\r\t\u2028\u202e가α 0a"
    made = ("".join(islice(cycle(letters[n % 30 :] + str(n)), n % 41 + 1)) for n in range(NAMES))
    return list(dict.fromkeys((*TITLES, *MORE, *hostile_ids(), *made)))[:NAMES]


def networks() -> Iterator[Project]:
    """Networks whose nodes have these titles, and whose own title and note are hostile too."""
    plain = build.network(toys.make("xor"), (2, *([2] * 11), 1))
    left = titles()
    while left:
        nodes = {}
        for id, node in plain.graph.nodes.items():
            nodes[id] = replace(node, title=left.pop() if left else "")
        note = left[-1] if left else ""
        yield replace(plain, graph=replace(plain.graph, nodes=nodes), title=note, note=note)


HOSTILE = list(networks())
PLAIN = build.network(toys.make("xor"), (2, *([2] * 11), 1))


class Page(HTMLParser):
    """What a browser would make of a page: its tags, and its scripts as they stand."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.events: list[str] = []
        self.scripts: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._script = tag == "script"
        self.events += [name for name, _ in attributes if name.startswith("on")]
        self.events += [v or "" for n, v in attributes if n in ("src", "href") and v]

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._script = False


def written(name: str, project: Project) -> str:
    return formats.made(project, name).main.decode()


def test_there_are_a_thousand() -> None:
    assert len(titles()) == NAMES and len(set(titles())) == NAMES
    assert sum(bool(n.title) for p in HOSTILE for n in p.graph.nodes.values()) >= NAMES - 1


def test_what_a_keras_script_does_is_the_same() -> None:
    plain = ast.dump(_without_texts(written("keras", PLAIN)))
    for project in HOSTILE:
        script = written("keras", project)
        assert ast.dump(_without_texts(script)) == plain


def _without_texts(script: str) -> ast.Module:
    """The script without what its strings say; what it does is left."""
    tree = ast.parse(script)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return tree


def test_what_is_between_remarks_is_the_same_in_c() -> None:
    plain = _without_remarks(written("c", PLAIN))
    for project in HOSTILE:
        assert _without_remarks(written("c", project)) == plain


def _without_remarks(text: str) -> str:
    assert "??/" not in text  # which C reads as a backslash
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
def test_c_with_hostile_names_compiles(tmp_path: Path) -> None:
    for place, project in enumerate([*HOSTILE[:3], *NETWORKS[:6]]):
        (tmp_path / f"n{place}.h").write_text(written("c", project), "utf-8")
        (tmp_path / f"n{place}.c").write_text(f'#include "n{place}.h"\n', "utf-8")
    words = ["cc", "-std=c99", "-Wall", "-Wno-unused-function", "-Werror", "-fsyntax-only"]
    done = subprocess.run(
        [*words, *map(str, sorted(tmp_path.glob("*.c")))], capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name", ["page", "report"])
def test_pages_have_the_same_tags_whatever_things_are_called(name: str) -> None:
    plain = Page(written(name, PLAIN))
    for project in HOSTILE[:: 1 if name == "page" else 6]:
        found = Page(written(name, project))
        assert found.events == [] or all(e.startswith("data:") for e in found.events)
        if name == "page":
            assert found.tags == plain.tags
        else:
            assert set(found.tags) <= {*plain.tags, "clippath", "image"}
        assert len(found.scripts) == len(plain.scripts)


def test_the_player_keeps_its_script(tmp_path: Path) -> None:
    """Two networks of it: each has every moment in both languages."""
    small = build.network(toys.make("xor"), (2, 2, 1))
    plain = Page(written("player", small))
    for text in ("".join(MORE), "".join(titles()[-60:])):
        nodes = {id: replace(n, title=text) for id, n in small.graph.nodes.items()}
        project = replace(small, graph=replace(small.graph, nodes=nodes), title=text)
        found = Page(written("player", project))
        assert found.tags == plain.tags and len(found.scripts) == 1
        lines = json.loads(re.search(r"const lines = (\[.*\]);", found.scripts[0])[1])  # type: ignore[index]
        for line in lines:
            tags = Page(line).tags
            assert not {"script", "img", "a", "foreignobject", "iframe"} & set(tags), line


def test_markdown_has_the_same_rows() -> None:
    plain = written("markdown", PLAIN).splitlines()
    for project in HOSTILE:
        lines = written("markdown", replace(project, note="")).splitlines()
        assert len(lines) == len(plain)
        for one, other in zip(lines, plain, strict=True):
            bare = re.sub(r"\\.", "", one)
            assert bare.count("|") == re.sub(r"\\.", "", other).count("|")
            assert "](" not in bare and "<" not in bare and "`" not in bare


def test_dot_mermaid_and_tikz_have_the_same_lines() -> None:
    for name in ("dot", "mermaid", "tikz"):
        plain = [_without_labels(name, line) for line in written(name, PLAIN).splitlines()]
        for project in HOSTILE:
            lines = written(name, project).splitlines()
            assert [_without_labels(name, line) for line in lines] == plain, name


def _without_labels(name: str, line: str) -> str:
    """A line without what it calls things; in LaTeX a sign with a backslash before it is text."""
    if name == "tikz":
        assert "\\input" not in line and "\\write" not in line
        line = re.sub(r"\\text\w+\{\}|\\[&%$#_{}]", "", line)
        return re.sub(r"\{[^{}]*\}", "{}", line)
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)


@pytest.mark.parametrize("name", ["page", "player", "report", "markdown", "dot", "c", "keras"])
def test_half_a_sign_is_written_as_another(name: str) -> None:
    """A title in memory may hold what no text in a file can."""
    small = build.network(toys.make("xor"), (2, 2, 1))
    nodes = {id: replace(node, title="\ud800") for id, node in small.graph.nodes.items()}
    odd = replace(small, graph=replace(small.graph, nodes=nodes), title="a\udfff", note="\ud800")
    assert written(name, odd)


def test_the_losses_are_numbers() -> None:
    for project in HOSTILE[:5]:
        assert list(csv.reader(io.StringIO(written("losses", project)))) == [["step", "loss"]]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_pages_with_hostile_names_compute_the_same(tmp_path: Path) -> None:
    jobs = []
    for place, project in enumerate([*HOSTILE[:4], *map(complete, NETWORKS[:12])]):
        path = tmp_path / f"{place}.html"
        formats.export(project, "page", path)
        jobs.append((project, "page", path))
    assert [each for each in verify_files(jobs) if not each.passed] == []
