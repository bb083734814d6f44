"""A trained model as a page of its own: a slider for each input, the answers beside them.

One HTML file in both languages, which asks no network for anything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from bpstudio import __version__
from bpstudio.errors import FileError
from bpstudio.exchange.files import Files
from bpstudio.exchange.loops import Loops, loops
from bpstudio.exchange.program import Program
from bpstudio.exchange.web import SECURITY, STYLE, in_script, spoken
from bpstudio.language import N_

MOST_SLIDERS = 64

ERF = """
  function erf(x) {
    // The series near 0, the continued fraction (Lentz) further out: exact to rounding.
    const a = Math.abs(x);
    if (!(a < 6)) return x !== x ? x : Math.sign(x);
    if (a < 2.5) {
      let term = x, sum = x;
      for (let n = 1; n < 200; n++) {
        term *= -x * x / n;
        const next = sum + term / (2 * n + 1);
        if (next === sum) break;
        sum = next;
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    let f = a;
    for (let n = 120; n > 0; n--) f = a + n / 2 / f;
    return Math.sign(x) * (1 - Math.exp(-a * a) / (f * Math.sqrt(Math.PI)));
  }"""

SCRIPT = """
const box = document.getElementById("inputs"), out = document.getElementById("answers");
const shown = (v) => (Number.isFinite(v) ? v.toPrecision(4) : String(v));
const inputs = facts.inputs.map((input) => {
  const label = document.createElement("label"), range = document.createElement("input");
  const name = document.createElement("span"), value = document.createElement("output");
  name.textContent = input.name;
  Object.assign(range, { type: "range", min: input.low, max: input.high, step: "any" });
  range.value = input.start;
  label.append(name, range, value);
  box.append(label);
  range.addEventListener("input", update);
  return { range, value };
});
function update() {
  const row = inputs.map(({ range }) => Number(range.value));
  inputs.forEach(({ range, value }) => { value.textContent = shown(Number(range.value)); });
  const found = Array.from(network.predict(row));
  const best = found.indexOf(Math.max(...found));
  out.replaceChildren(...found.map((v, place) => {
    const line = document.createElement("div"), name = document.createElement("span");
    const bar = document.createElement("meter"), number = document.createElement("output");
    name.textContent = facts.answers[place] ?? `y${place + 1}`;
    if (found.length > 1 && place === best) line.className = "best";
    number.textContent = shown(v);
    if (facts.share) { bar.max = 1; bar.value = Math.min(Math.max(v, 0), 1); }
    line.append(name, ...(facts.share ? [bar] : []), number);
    return line;
  }));
}
speak(navigator.language.startsWith("ko") ? "ko" : "en");
update();
"""

_TITLES: Mapping[str, str] = {"inputs": N_("Inputs"), "answers": N_("Outputs")}


def write(program: Program) -> Files:
    """The page; raises FileError for a network of too many inputs to have a slider each."""
    told = loops(program)
    facts = slid(program, told)
    title = program.project.title or "Backprop Studio"
    words = spoken({**_TITLES, "hint": N_("Move a slider: the network answers at once.")})
    body = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">{SECURITY}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Backprop Studio {__version__}">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<header><h1>{escape(title)}</h1><button id="language"></button></header>
<p data-word="hint"></p>
<main class="two"><section><h2 data-word="inputs"></h2><div id="inputs"></div></section>
<section aria-live="polite"><h2 data-word="answers"></h2><div id="answers"></div></section></main>
<script id="model">{_model(told)}</script>
<script>const facts = {in_script(facts)};{words}{SCRIPT}</script>
</body></html>
"""
    return Files(body.encode("utf-8", "replace"))


def slid(program: Program, told: Loops) -> dict[str, Any]:
    """The sliders with their ranges and what the answers are called."""
    data = program.project.data
    count = sum(math.prod(axes) for axes in told.inputs.values())
    if count > MOST_SLIDERS:
        raise FileError(
            N_("The page has a slider for each input, up to {most}; this network has {count}."),
            most=MOST_SLIDERS,
            count=count,
        )
    inputs = []
    if data is not None and count == data.features.shape[1]:
        features = data.features
        low, high = features.min(axis=0), features.max(axis=0)
        pad = np.where(high > low, (high - low) * 0.1, 1.0)
        for name, a, b, start in zip(
            data.feature_names, low - pad, high + pad, features.mean(axis=0), strict=True
        ):
            inputs.append({"name": name, "low": a, "high": b, "start": start})
    else:
        values = np.concatenate([np.ravel(v) for v in program.given.values()] or [np.zeros(count)])
        names = [name.removeprefix("v_") for name in told.inputs]
        for place in range(count):
            start = float(values[place]) if count == len(values) else 0.0
            name = names[place] if len(names) == count else f"x{place + 1}"
            reach = max(1.0, 2 * abs(start))
            inputs.append({"name": name, "low": -reach, "high": reach, "start": start})
    kind = program.graph[program.answer].op.name
    size = told.sizes[told.output]
    classes = [] if data is None else list(data.classes)
    answers = classes if len(classes) == size else classes[1:] if len(classes) == 2 else []
    return {"inputs": inputs, "answers": answers, "share": kind in ("sigmoid", "softmax")}


def _model(told: Loops) -> str:
    """The network as a function in JavaScript."""
    lines, start = [], 0
    for name, axes in told.inputs.items():
        end = start + math.prod(axes)
        lines.append(f"const {name} = input.slice({start}, {end});")
        start = end
    tables = [
        f"  const {name} = [{', '.join(_number(v) for v in value.reshape(-1).tolist())}];"
        for name, value in told.constants.items()
    ]
    lines += [f"const {name} = new Float64Array({size});" for name, size in told.sizes.items()]
    lines += [_in_javascript(line) for line in told.lines]
    inner = "\n".join(f"    {line}" for line in lines)
    helper = ERF if any("erf(" in line for line in told.lines) else ""
    return (
        f"\nconst network = (() => {{{helper}\n" + "\n".join(tables) + "\n"
        f"  function predict(input) {{\n{inner}\n    return {told.output};\n  }}\n"
        "  return { predict };\n})();\n"
    )


def _in_javascript(line: str) -> str:
    line = re.sub(r"\b(int|double) ", "let ", line).replace("INFINITY", "Infinity")
    line = re.sub(r"\b(exp|log|sqrt|sin|cos|tan|tanh|pow|log1p)\(", r"Math.\1(", line)
    return re.sub(r"\bfabs\(", "Math.abs(", line)


def _number(value: float) -> str:
    if math.isfinite(value):
        return json.dumps(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
