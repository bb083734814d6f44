"""Pages, C, Keras, reports and graphs as text: written, run where they can be, and harmless."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.errors import StudioError
from bpstudio.exchange import formats, player
from bpstudio.language import current_language
from bpstudio.playback.timeline import Timeline
from bpstudio.project import build, edits
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, Trained

HOSTILE = (
    '</script><script>alert(1)</script> */ " ??/ \\ `x` | ${y} %s \u2028 <img src=x onerror=y>'
)
NETWORK = build.network(toys.make("xor"), (2, 3, 1))
DEEP = build.network(toys.make("iris"), (4, 5, 3), activation="gelu")
TEXTS = ("report", "markdown", "losses", "dot", "mermaid", "tikz")


def hostile(project: Project) -> Project:
    nodes = {id: replace(node, title=HOSTILE) for id, node in project.graph.nodes.items()}
    graph = replace(project.graph, nodes=nodes)
    return replace(project, graph=graph, title=HOSTILE, note=HOSTILE)


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


@pytest.mark.parametrize("format", ["c", "page"])
@pytest.mark.parametrize("project", [NETWORK, DEEP, hostile(NETWORK)], ids=["xor", "iris", "odd"])
def test_what_runs_gives_the_same_numbers(format: str, project: Project, tmp_path: Path) -> None:
    path = formats.export(project, format, tmp_path / f"m{formats.FORMATS[format].ending}")[0]
    found = formats.verify(project, format, path)
    assert found.passed
    if shutil.which("cc" if format == "c" else "node"):
        assert found.max_difference is not None and found.max_difference < 1e-12
        # What ran it is named, and not the Python that started that.
        assert "Python" not in found.runtime and any(each.isdigit() for each in found.runtime)


@pytest.mark.parametrize("name", ["page", "player", "report"])
def test_pages_ask_no_network_and_keep_texts_as_texts(name: str, tmp_path: Path) -> None:
    path = formats.export(hostile(NETWORK), name, tmp_path / "p.html")[0]
    text = path.read_text("utf-8")
    tags = Tags(text).found
    assert [tag for tag, _ in tags if tag in ("img", "link", "iframe", "base", "form")] == []
    assert len([tag for tag, _ in tags if tag == "script"]) == {"page": 2, "player": 1}.get(name, 0)
    for _, attributes in tags:
        for key, value in attributes.items():
            assert not key.startswith("on")
            assert key not in ("src", "href") or (value or "").startswith("data:")
    assert "default-src 'none'" in text
    assert "fetch(" not in text and "XMLHttpRequest" not in text and "import(" not in text


def test_the_player_has_every_moment_in_both_languages() -> None:
    before = current_language()
    text = player.write(NETWORK).main.decode()
    assert current_language() == before
    moments = len(Timeline(iteration(NETWORK)))
    frames = re.search(r"const frames = (\{.*\});", text)
    assert frames is not None
    told = json.loads(frames.group(1))
    lines = json.loads(re.search(r"const lines = (\[.*\]);", text).group(1))  # type: ignore[union-attr]
    assert len(told["en"]) == len(told["ko"]) == moments + 1
    for language in told:
        for frame in told[language]:
            assert lines[frame[0]].startswith("<svg") and lines[frame[-1]] == "</svg>"
    assert told["en"] != told["ko"]
    assert any("가" <= sign <= "힣" for line in lines for sign in line)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_player_steps_to_the_end_and_back(tmp_path: Path) -> None:
    """In Node, with just enough of a document for the script to run in."""
    text = player.write(NETWORK).main.decode()
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[-1]
    start = """
const made = {};
const element = (id) => made[id] ??= { id, dataset: {}, textContent: "", events: {},
  addEventListener(kind, run) { this.events[kind] = run; } };
const document = { documentElement: {}, getElementById: element, querySelectorAll: () => [] };
const navigator = { language: "en" };
const addEventListener = (kind, run) => { made.window = { [kind]: run }; };
"""
    end = """
const seen = [];
while (!next.disabled) { seen.push(view.innerHTML); next.events.click(); }
seen.push(view.innerHTML);
const korean = (document.getElementById("language").events.click(), view.innerHTML);
document.getElementById("language").events.click();
while (!back.disabled) { if (seen.pop() !== view.innerHTML) throw "differs"; back.events.click(); }
if (seen.pop() !== view.innerHTML || seen.length) throw "not all";
if (!/[가-힣]/.test(korean)) throw "not Korean";
console.log("done");
"""
    (tmp_path / "player.js").write_text(start + script + end, "utf-8")
    done = subprocess.run(
        ["node", "player.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "done\n", done.stderr


def test_texts_hold_the_network_and_its_training() -> None:
    trained = replace(NETWORK, trained=Trained(2, np.array([0.75, 0.5])))
    for name in TEXTS:
        assert formats.FORMATS[name].write(trained).main.decode()
    assert formats.FORMATS["losses"].write(trained).main == b"step,loss\n1,0.75\n2,0.5\n"
    dot = formats.FORMATS["dot"].write(NETWORK).main.decode()
    assert dot.count("->") == len([s for n in NETWORK.graph.nodes.values() for s in n.feeding])


@pytest.mark.parametrize("name", ["dot", "mermaid", "tikz", "markdown"])
def test_odd_names_stay_names(name: str) -> None:
    plain = formats.FORMATS[name].write(NETWORK).main.decode()
    odd = formats.FORMATS[name].write(hostile(NETWORK)).main.decode()
    assert len(plain.splitlines()) <= len(odd.splitlines()) <= len(plain.splitlines()) + 2
    assert "<script>" not in re.sub(r"\\.", "", odd) or name in ("dot", "tikz")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it() -> None:
    content = formats.FORMATS["dot"].write(hostile(NETWORK)).main
    subprocess.run(["dot", "-Tsvg"], input=content, check=True, capture_output=True, timeout=60)


def test_a_player_of_a_network_that_can_not_run_says_what_is_wrong(tmp_path: Path) -> None:
    project = edits.remove_nodes(NETWORK, ["data1"])
    with pytest.raises(StudioError, match="nothing at its port x") as told:
        formats.export(project, "player", tmp_path / "p.html")
    assert "moments" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
