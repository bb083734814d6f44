"""The graph as text that other programs draw: DOT, Mermaid and TikZ."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpstudio.engine.graph import Node
from bpstudio.exchange.files import Files
from bpstudio.exchange.names import remark
from bpstudio.project.project import Project

SCALE = 1 / 60
"""Canvas units in centimetres."""


def dot(project: Project) -> Files:
    """For Graphviz."""
    ids = _ids(project)
    lines = ["digraph network {", "    rankdir=LR;", "    node [shape=box, style=rounded];"]
    for node in project.graph.nodes.values():
        label = _label(node).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'    {ids[node.id]} [label="{label}"];')
    for source, target, port in _wires(project):
        lines.append(f'    {ids[source]} -> {ids[target]} [headlabel="{port}"];')
    return Files("\n".join([*lines, "}", ""]).encode())


def mermaid(project: Project) -> Files:
    """For Mermaid, as Markdown pages draw it."""
    ids = _ids(project)
    lines = ["flowchart LR"]
    for node in project.graph.nodes.values():
        # Everything but letters, digits and plain signs is written by its number.
        label = re.sub(r"[^\w +*/.,=·-]", lambda sign: f"#{ord(sign.group())};", _label(node))
        lines.append(f'    {ids[node.id]}["{label}"]')
    lines += [f"    {ids[a]} -->|{port}| {ids[b]}" for a, b, port in _wires(project)]
    return Files("\n".join([*lines, ""]).encode())


def tikz(project: Project) -> Files:
    """For LaTeX: a whole document of one picture, which can also be cut out of it."""
    ids = _ids(project)
    lines = [
        "\\documentclass[tikz]{standalone}",
        "\\begin{document}",
        "\\begin{tikzpicture}[gate/.style={draw, rounded corners, minimum height=7mm}]",
    ]
    for node in project.graph.nodes.values():
        x, y = project.places.get(node.id, (0.0, 0.0))
        place = f"({x * SCALE:.2f}, {-y * SCALE:.2f})"
        lines.append(f"    \\node[gate] ({ids[node.id]}) at {place} {{{_latex(_label(node))}}};")
    lines += [f"    \\draw[->] ({ids[a]}) -- ({ids[b]});" for a, b, _ in _wires(project)]
    return Files("\n".join([*lines, "\\end{tikzpicture}", "\\end{document}", ""]).encode())


def _ids(project: Project) -> dict[str, str]:
    """Ids that mean nothing in any of these languages."""
    return {id: f"n{place}" for place, id in enumerate(project.graph.nodes, start=1)}


def _label(node: Node) -> str:
    face = node.op.title
    return remark(node.label if node.label == face else f"{node.label}: {face}", 80)


def _wires(project: Project) -> Iterator[tuple[str, str, str]]:
    for node in project.graph.nodes.values():
        for port in node.op.ports:
            for source in node.sources.get(port.name, ()):
                yield source, node.id, re.sub(r"\W", "", port.name)


def _latex(text: str) -> str:
    signs = {
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
        **{sign: "\\" + sign for sign in "&%$#_{}"},
    }
    return "".join(signs.get(sign, sign) for sign in text)
