"""The pages in a real browser: stepped to the end and back, moved by their sliders, no faults.

Each page is opened as a copy with a script behind it that does what a reader does and writes what
came of it into the page. Without Chromium they are skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.exchange import formats, report
from bpstudio.playback.timeline import Timeline
from bpstudio.project import build, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, Trained

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), "")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DARK = "--blink-settings=preferredColorScheme=0"
SECONDS = 120
XOR = replace(build.network(toys.make("xor"), (2, 3, 1)), title="<i>XOR</i> & 'so on'")
IRIS = build.network(toys.make("iris"), (4, 5, 3), activation="gelu")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")

BEFORE = """<script>const faults = [];
addEventListener("error", (event) => faults.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => faults.push(event.blockedURI));
</script>"""
AFTER = """<script>const told = {};
try { (() => { %s })(); } catch (fault) { faults.push(String(fault)); }
const said = document.createElement("pre");
said.id = "told";
said.textContent = JSON.stringify({ ...told, faults });
document.body.append(said);
</script></body>"""

STEPPED = """
told.language = language;
const seen = [view.innerHTML];
while (!next.disabled) { next.click(); seen.push(view.innerHTML); }
told.moments = seen.length - 1;
told.different = new Set(seen).size;
told.wide = view.querySelector("svg").getBoundingClientRect().width;
const button = document.getElementById("language");
button.click();
told.korean = /[가-힣]/.test(view.textContent) && document.documentElement.lang === "ko";
button.click();
told.same = 0;
for (; ; back.click()) {
  told.same += seen.pop() === view.innerHTML;
  if (back.disabled) break;
}
told.left = seen.length;
dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
told.end = now;
dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
told.before = now;
range.value = 2;
range.dispatchEvent(new Event("input"));
told.count = count.textContent;
told.back = getComputedStyle(document.body).backgroundColor;
"""
SLID = """
const answers = () => Array.from(network.predict(inputs.map(({ range }) => Number(range.value))));
told.inputs = inputs.length;
told.before = answers();
for (const { range } of inputs) {
  range.value = Number(range.max);
  range.dispatchEvent(new Event("input"));
}
told.row = inputs.map(({ range }) => Number(range.value));
told.after = answers();
told.shown = Array.from(document.querySelectorAll("#answers output")).map((o) => o.textContent);
document.getElementById("language").click();
told.korean = /[가-힣]/.test(document.querySelector("h2").textContent);
told.back = getComputedStyle(document.body).backgroundColor;
"""
LOOKED = """
told.pictures = Array.from(document.querySelectorAll("svg")).length;
const clips = Array.from(document.querySelectorAll("clipPath")).map((each) => each.id);
told.clips = clips.length;
told.ids = new Set(clips).size;
told.wider = document.documentElement.scrollWidth > innerWidth;
"""


def opened(page: str, script: str, folder: Path, *flags: str) -> dict[str, Any]:
    """What the script found on the page."""
    path = folder / "page.html"
    page = page.replace("</title>", f"</title>{BEFORE}", 1)
    path.write_text(page.replace("</body>", AFTER % script), "utf-8")
    out = folder / "out.html"
    words = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={folder / 'user'}", "--dump-dom"]
    # Its helpers outlive it: what it says goes into a file, and it is ended with all of them.
    with out.open("wb") as file:
        process = subprocess.Popen(
            [*words, path.as_uri()],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip("Chromium does not answer")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
    found = re.search(r'<pre id="told">(.*?)</pre>', out.read_text("utf-8"), re.DOTALL)
    if found is None:
        pytest.skip(f"Chromium does not start: exit status {process.returncode}")
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


@pytest.mark.parametrize("flags", [(), (DARK,)], ids=["light", "dark"])
def test_the_player_is_stepped_to_the_end_and_back(tmp_path: Path, flags: tuple[str, ...]) -> None:
    told = opened(formats.made(XOR, "player").main.decode(), STEPPED, tmp_path, *flags)
    moments = len(Timeline(iteration(XOR)))
    assert told["faults"] == []
    assert told["language"] == "en" and told["korean"]
    assert told["moments"] == moments and told["different"] > 0.7 * moments
    assert told["same"] == moments + 1 and told["left"] == 0
    assert (told["end"], told["before"], told["count"]) == (moments, moments - 1, f"2 / {moments}")
    assert told["wide"] > 300
    assert told["back"] == ("rgb(20, 23, 29)" if flags else "rgb(245, 246, 249)")


@pytest.mark.parametrize("project", [XOR, IRIS], ids=["xor", "iris"])
def test_the_sliders_answer_as_the_network_does(tmp_path: Path, project: Project) -> None:
    told = opened(formats.made(project, "page").main.decode(), SLID, tmp_path, DARK)
    assert told["faults"] == []
    assert project.data is not None
    assert told["inputs"] == project.data.features.shape[1] and told["korean"]
    wanted = runs.predict(project, np.array([told["row"]])).ravel()
    assert np.max(np.abs(wanted - np.array(told["after"]))) < 1e-12
    assert told["after"] != told["before"]
    assert [float(text) for text in told["shown"]] == pytest.approx(wanted, rel=1e-3)


def test_the_pictures_of_a_report_do_not_share_ids(tmp_path: Path) -> None:
    """Two clips of one id would cut one picture by the other's frame."""
    trained = replace(XOR, trained=Trained(2, np.array([0.7, 0.5])))
    told = opened(report.html(trained).main.decode(), LOOKED, tmp_path)
    assert told["faults"] == [] and not told["wider"]
    assert told["pictures"] == sum(map(len, report.pictures(trained)))
    assert told["ids"] == told["clips"] > 4
