"""Pictures as SVG."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree
from xml.etree.ElementTree import Element

import pytest

from bpstudio.engine import graph
from bpstudio.exchange.diagram import svg
from bpstudio.playback import views, weight_views
from bpstudio.playback.marks import width_of
from bpstudio.playback.palette import DARK, LIGHT, THEMES
from bpstudio.playback.picture import picture
from bpstudio.playback.planes import planes
from bpstudio.playback.sheet import sheet
from bpstudio.playback.timeline import BACKWARD
from tests.playback.drawing import network, neuron, of_formula, timeline

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> Element:
    return ElementTree.fromstring(text)


def words(root: Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SPACE}text")]


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_a_picture_is_a_standalone_svg(theme: object) -> None:
    project = neuron()
    found = next(t for t in THEMES.values() if t is theme)
    root = parsed(svg(picture(project, timeline(project).still_at(14), theme=found), found))
    assert root.tag == f"{SPACE}svg"
    shown = words(root)
    assert "Step 14 of 20 · backward through +" in shown
    assert {"−3.00", "0.73", "w0", "exp"} <= set(shown)
    assert "Pretendard" in root.attrib["font-family"] and "sans-serif" in root.attrib["font-family"]
    background = next(root.iter(f"{SPACE}rect"))
    assert background.attrib["fill"] == found.colours["canvas"]


def test_nothing_in_it_comes_from_elsewhere() -> None:
    project = network()
    drawn = picture(project, timeline(project).rest(BACKWARD), planes=planes(project, cells=6))
    text = svg(drawn, DARK)
    links = re.findall(r'href="([^"]{0,30})', text)
    assert len(links) == 7
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert "<script" not in text
    assert len(set(re.findall(r'clipPath id="(\w+)"', text))) == 7


def test_texts_are_escaped() -> None:
    project = of_formula("x + y", x=1, y=2)
    node = dataclasses.replace(project.graph["add1"], title='a<b & "c"')
    project = dataclasses.replace(project, graph=graph.put(project.graph, node))
    text = svg(picture(project), LIGHT, title="<&>")
    assert 'a<b & "c"' in words(parsed(text))
    assert parsed(text).findtext(f"{SPACE}title") == "<&>"


def test_a_line_is_as_wide_as_it_was_measured_whatever_the_fonts() -> None:
    project = neuron()
    drawn = picture(project, timeline(project).still_at(14), theme=LIGHT)
    wide = {float(text.attrib["textLength"]) for text in parsed(svg(drawn)).iter(f"{SPACE}text")}
    for text in drawn.texts():
        measured = width_of(text.spans, text.size)
        assert min(abs(each - measured) for each in wide) < 0.01


def test_the_same_picture_gives_the_same_bytes() -> None:
    project = network()
    made = [svg(picture(project, planes=planes(project, cells=6))) for _ in range(2)]
    assert made[0] == made[1]


def test_a_page_of_views_fits_the_size() -> None:
    project = network()
    pictures = [picture(project), views.boundary(project, cells=8), weight_views.weights(project)]
    page = sheet(pictures, (900, 700))
    assert page.size == (900, 700)
    for drawn, rect in page.parts:
        assert rect.x >= 0 and rect.right <= 900.01 and rect.y >= 0 and rect.bottom <= 700.01
        assert rect.width / rect.height == pytest.approx(drawn.bounds.width / drawn.bounds.height)
    for (_a, one), (_b, other) in zip(page.parts, page.parts[1:], strict=False):
        assert not one.meets(other)
    root = parsed(svg(page, LIGHT))
    assert (root.attrib["width"], root.attrib["height"]) == ("900", "700")
    assert len(root.findall(f"{SPACE}g")) == 3


def test_without_a_size_it_is_as_large_as_it_is() -> None:
    drawn = picture(neuron())
    root = parsed(svg(drawn))
    assert int(root.attrib["width"]) == round(drawn.bounds.width)
    assert int(parsed(svg(drawn, size=(300, 200))).attrib["height"]) == 200
