"""What the pages of HTML share: no network, both languages, one look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bpstudio.language import LANGUAGES, _, current_language, set_language

SECURITY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">"
)
"""The browser itself keeps the page from asking any machine for anything."""

STYLE = """
:root { color-scheme: light dark; --panel: #fff; --text: #1f2430; --muted: #667085;
  --border: #d9dde6; --accent: #4f46e5; --back: #f5f6f9; }
@media (prefers-color-scheme: dark) { :root { --panel: #1d2129; --text: #e7eaf0;
  --muted: #9aa4b5; --border: #343b48; --accent: #8b85ff; --back: #14171d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 16px; background: var(--back);
  color: var(--text); font: 16px/1.5 Pretendard, "Noto Sans KR", "Apple SD Gothic Neo", system-ui,
  sans-serif; }
header { display: flex; align-items: flex-start; gap: 12px; }
h1 { font-size: 1.3rem; margin: 0; flex: 1; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 8px; color: var(--muted); }
p { color: var(--muted); margin: 4px 0 14px; }
button { font: inherit; color: inherit; background: var(--panel); cursor: pointer;
  border: 1px solid var(--border); border-radius: 8px; padding: 5px 14px; }
button:disabled { opacity: 0.4; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
section, figure { background: var(--panel); border: 1px solid var(--border); border-radius: 12px;
  padding: 16px; margin: 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 16px; }
#inputs label, #answers div { display: grid; grid-template-columns: 8em 1fr 6em; gap: 10px;
  align-items: center; padding: 3px 0; overflow-wrap: anywhere; }
#answers meter { width: 100%; } #answers .best { font-weight: 650; }
input[type=range] { width: 100%; accent-color: var(--accent); }
output { font-variant-numeric: tabular-nums; text-align: right; grid-column: 3; }
nav { display: flex; gap: 8px; align-items: center; padding: 12px 0; flex-wrap: wrap; }
nav input { flex: 1; min-width: 160px; }
figure svg { display: block; width: 100%; height: auto; max-height: 78vh; }
"""


def in_script(value: Any) -> str:
    """A value as it may stand in a script of a page: nothing in it can end the script."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def in_languages(make: Any) -> dict[str, Any]:
    """What a function gives in each language; the current one is as it was afterwards."""
    before, found = current_language(), {}
    try:
        for language in LANGUAGES:
            set_language(language)
            found[language] = make()
    finally:
        set_language(before)
    return found


def spoken(sentences: Mapping[str, str]) -> str:
    """The script that puts sentences into the page, in the language that was chosen."""
    said = in_languages(lambda: {key: _(text) for key, text in sentences.items()})
    return f"""
const words = {in_script(said)};
let language = "en";
function speak(chosen) {{
  language = chosen;
  document.documentElement.lang = chosen;
  for (const each of document.querySelectorAll("[data-word]"))
    each.textContent = words[chosen][each.dataset.word];
  document.getElementById("language").textContent = chosen === "en" ? "한국어" : "English";
}}
document.getElementById("language").addEventListener("click", () => {{
  speak(language === "en" ? "ko" : "en");
  if (typeof show === "function") show();
}});
"""
