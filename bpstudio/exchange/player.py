"""A recorded stretch as one HTML file: a lesson to hand out, stepped forward and back.

Every moment is the picture that the studio itself draws, in both languages. Lines that moments
have in common are kept once, so that a file of a hundred moments stays small. It asks no network
for anything.
"""

from __future__ import annotations

from html import escape

from bpstudio import __version__
from bpstudio.errors import StudioError
from bpstudio.exchange.diagram import svg
from bpstudio.exchange.files import Files
from bpstudio.exchange.program import program
from bpstudio.exchange.web import SECURITY, STYLE, in_languages, in_script, spoken
from bpstudio.language import N_
from bpstudio.playback.palette import LIGHT, Theme
from bpstudio.playback.picture import drawn
from bpstudio.playback.planes import planes
from bpstudio.playback.scene import scene
from bpstudio.playback.timeline import FORWARD, Instant, Timeline
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project

MOST_MOMENTS = 500
_CELLS = 24

SCRIPT = """
const view = document.getElementById("view"), range = document.getElementById("place");
const back = document.getElementById("back"), next = document.getElementById("next");
const count = document.getElementById("count"), play = document.getElementById("play");
let now = 0, timer = 0;
function show() {
  const frame = frames[language][now];
  view.innerHTML = frame.map((place) => lines[place]).join("");
  range.value = now;
  back.disabled = now === 0;
  next.disabled = now === frames.en.length - 1;
  count.textContent = `${now} / ${frames.en.length - 1}`;
  play.textContent = words[language][timer ? "pause" : "play"];
}
function go(place) {
  now = Math.min(Math.max(place, 0), frames.en.length - 1);
  if (now === frames.en.length - 1) rest();
  show();
}
function rest() { clearInterval(timer); timer = 0; }
range.max = frames.en.length - 1;
range.addEventListener("input", () => { rest(); go(Number(range.value)); });
back.addEventListener("click", () => { rest(); go(now - 1); });
next.addEventListener("click", () => { rest(); go(now + 1); });
play.addEventListener("click", () => {
  if (timer) { rest(); return show(); }
  if (now === frames.en.length - 1) now = 0;
  timer = setInterval(() => go(now + 1), 1500);
  show();
});
addEventListener("keydown", (event) => {
  const places = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: Infinity };
  if (!(event.key in places) || event.target === range) return;
  event.preventDefault();
  rest();
  go(places[event.key]);
});
speak(navigator.language.startsWith("ko") ? "ko" : "en");
show();
"""


def write(project: Project, first: int = 0, last: int | None = None, theme: Theme = LIGHT) -> Files:
    """The page that plays the project's next training step, from one moment to another.

    Moment 0 is before anything happened. Raises StudioError where nothing happens, and for a
    stretch that is not there or is too long.
    """
    timeline = Timeline(
        iteration(project, step=project.trained.steps, memory=project.trained.memory)
    )
    if not len(timeline):
        # It says what is missing, where something is.
        program(project)
    end = len(timeline) if last is None else last
    if not len(timeline) or not 0 <= first <= end <= len(timeline):
        raise StudioError(
            N_("There are the moments 0 to {last}; {first} to {end} is no stretch of them."),
            last=len(timeline),
            first=first,
            end=end,
        )
    if end - first > MOST_MOMENTS:
        raise StudioError(
            N_("A page plays up to {most} moments, and this stretch has {count}. Choose less."),
            most=MOST_MOMENTS,
            count=end - first,
        )
    pool: dict[str, int] = {}

    def frames() -> list[list[int]]:
        laid_out = scene(project, theme)
        tiles = planes(project, recording=timeline.recording, cells=_CELLS, once=True)
        found = []
        for number in range(first, end + 1):
            instant: Instant = timeline.still_at(number) if number else timeline.rest(FORWARD)
            picture = drawn(laid_out, instant, planes=tiles, steady=True)
            text = svg(picture, theme, title=project.title).rstrip("\n")
            found.append([pool.setdefault(line, len(pool)) for line in text.split("\n")])
        return found

    told = in_languages(frames)
    title = project.title or "Backprop Studio"
    words = spoken(
        {
            "back": N_("Back"),
            "next": N_("Next"),
            "play": N_("Play"),
            "pause": N_("Pause"),
            "hint": N_("Arrow keys step forward and back."),
        }
    )
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">{SECURITY}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Backprop Studio {__version__}">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<header><h1>{escape(title)}</h1><button id="language"></button></header>
<nav><button id="back" data-word="back"></button><button id="next" data-word="next"></button>
<button id="play" data-word="play"></button>
<input id="place" type="range" min="0" step="1" value="0"><output id="count"></output></nav>
<figure id="view" aria-live="polite"></figure><p data-word="hint"></p>
<script>const lines = {in_script(list(pool))};
const frames = {in_script(told)};{words}{SCRIPT}</script>
</body></html>
"""
    return Files(page.encode("utf-8", "replace"))
