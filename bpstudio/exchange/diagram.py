"""Pictures as SVG: standalone files that any browser, editor or page shows, made without Qt.

Fonts are named, with those of the system after ours; texts stay texts.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from html import escape

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.playback.marks import (
    Box,
    Curves,
    Discs,
    Heat,
    Ink,
    Line,
    Mark,
    Numbers,
    Picture,
    Rect,
    Text,
    width_of,
)
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import LIGHT, Theme, class_colours, sign_colours
from bpstudio.playback.sheet import Sheet, fitted, sheet

PROSE_FONTS = "Pretendard, 'JetBrains Mono', 'Noto Sans KR', 'Apple SD Gothic Neo', sans-serif"
MONO_FONTS = "'JetBrains Mono', Pretendard, ui-monospace, 'DejaVu Sans Mono', monospace"


def svg(
    picture: Picture | Sheet,
    theme: Theme = LIGHT,
    *,
    size: tuple[int, int] | None = None,
    title: str = "",
    ids: str = "c",
) -> str:
    """The picture as one SVG document, `size` in pixels or as large as it is.

    `title` is what a screen reader says of it. Its ids begin with `ids`: pictures that stand on
    one page need each their own.
    """
    page = picture if isinstance(picture, Sheet) else sheet([picture], size)
    width, height = page.size
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img" font-kerning="none"'
        f' font-family="{PROSE_FONTS}">'
    ]
    if title:
        lines.append(f"<title>{escape(title, quote=False)}</title>")
    lines.append(f'<rect width="{width}" height="{height}" fill="{theme.colours["canvas"]}"/>')
    clips = 0
    for part, rect in page.parts:
        factor, x, y = fitted(part.bounds, rect)
        lines.append(f'<g transform="translate({_n(x)} {_n(y)}) scale({factor:.5g})">')
        for mark in part.marks:
            clips += isinstance(mark, Heat)
            lines.extend(_mark(mark, theme, f"{ids}{clips}"))
        lines.append("</g>")
    return "\n".join([*lines, "</svg>\n"])


def _mark(mark: Mark, theme: Theme, clip: str) -> Iterator[str]:
    match mark:
        case Box():
            yield _box(mark, theme)
        case Discs():
            style = _paint(theme, mark.fill, mark.stroke, mark.width)
            for x, y in mark.centres.tolist():
                yield f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(mark.radius)}"{style}/>'
        case Curves():
            yield from _curves(mark, theme)
        case Line():
            shape = "polygon" if mark.fill else "polyline"
            style = _paint(theme, mark.fill, mark.ink, mark.width, mark.dash)
            points = " ".join(f"{_n(x)},{_n(y)}" for x, y in mark.points.tolist())
            yield f'<{shape} points="{points}" stroke-linejoin="round"{style}/>'
        case Heat():
            yield from _heat(mark, theme, clip)
        case Text():
            yield _text(mark, theme, 1.0)
        case Numbers():
            for text, opacity in mark.lines():
                yield _text(text, theme, opacity)


def _box(box: Box, theme: Theme) -> str:
    style = _paint(theme, box.fill, box.stroke, box.width, box.dash)
    return f'<rect{_place(box.rect)} rx="{_n(box.radius)}"{style}/>'


def _curves(curves: Curves, theme: Theme) -> Iterator[str]:
    common = _paint(theme, None, curves.ink, None, curves.dash)
    yield f'<g stroke-linecap="butt"{common}>'
    for points, width in zip(curves.controls.tolist(), curves.widths.tolist(), strict=True):
        (x, y), *rest = points
        pairs = " ".join(f"{_n(a)} {_n(b)}" for a, b in rest)
        yield f'<path d="M{_n(x)} {_n(y)}C{pairs}" stroke-width="{_n(width)}"/>'
    yield "</g>"


def _heat(heat: Heat, theme: Theme, clip: str) -> Iterator[str]:
    place = _place(heat.rect)
    yield f'<clipPath id="{clip}"><rect{place} rx="{_n(heat.radius)}"/></clipPath>'
    data = base64.b64encode(png_of(heat_colours(heat, theme))).decode()
    smooth = "" if heat.smooth else ' style="image-rendering:pixelated"'
    yield (
        f'<image{place} preserveAspectRatio="none" clip-path="url(#{clip})"{smooth}'
        f' href="data:image/png;base64,{data}"/>'
    )


def heat_colours(heat: Heat, theme: Theme) -> Array:
    """The colours of a heat map, shape (h, w, 3) uint8."""
    if heat.classes is None:
        return sign_colours(theme, heat.values)
    return class_colours(theme, heat.classes, heat.values)


def png_of(colours: Array) -> bytes:
    """An image of colours (h, w, 3) as PNG."""
    stream = io.BytesIO()
    from PIL import Image  # the window paints heat maps without it, and begins sooner

    Image.fromarray(np.ascontiguousarray(colours)).save(stream, "PNG")
    return stream.getvalue()


def _text(text: Text, theme: Theme, opacity: float) -> str:
    """A line of text, as wide as it was measured whatever fonts the reader has."""
    halo = ""
    if text.halo:
        # A copy underneath, because not every reader knows how to paint an edge first.
        colour = theme.colours[text.halo]
        edge = f' stroke="{colour}" stroke-width="{_n(text.size * 0.3)}" stroke-linejoin="round"'
        halo = _line(text, theme, opacity, f'{edge} aria-hidden="true"')
    return halo + _line(text, theme, opacity, "")


def _line(text: Text, theme: Theme, opacity: float, extra: str) -> str:
    faded = f' opacity="{_n(opacity)}"' if opacity < 1 else ""
    anchor = "" if text.align == "start" else f' text-anchor="{text.align}"'
    wide = f' textLength="{_n(width_of(text.spans, text.size))}" lengthAdjust="spacingAndGlyphs"'
    spans, drop = [], 0.0
    for span in text.spans:
        fonts = f' font-family="{escape(MONO_FONTS, quote=False)}"' if span.kind == MONO else ""
        weight = f' font-weight="{span.weight}"' if span.weight != 400 else ""
        size = f' font-size="{_n(text.size * span.size)}"' if span.size != 1 else ""
        down = f' dy="{_n((span.drop - drop) * text.size)}"' if span.drop != drop else ""
        fill = f' fill="{theme.colours[span.role]}"' if not extra else ""
        drop = span.drop
        spans.append(
            f"<tspan{fill}{fonts}{weight}{size}{down}>{escape(span.text, quote=False)}</tspan>"
        )
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}"{anchor}{wide}'
        f'{faded}{extra} xml:space="preserve">{"".join(spans)}</text>'
    )


def _paint(
    theme: Theme,
    fill: Ink | None,
    stroke: Ink | None,
    width: float | None,
    dash: tuple[float, ...] = (),
) -> str:
    parts = [' fill="none"' if fill is None else f' fill="{theme.colours[fill.role]}"']
    if fill is not None and fill.opacity < 1:
        parts.append(f' fill-opacity="{_n(fill.opacity)}"')
    if stroke is not None:
        parts.append(f' stroke="{theme.colours[stroke.role]}"')
        if width is not None:
            parts.append(f' stroke-width="{_n(width)}"')
        if stroke.opacity < 1:
            parts.append(f' stroke-opacity="{_n(stroke.opacity)}"')
        if dash:
            parts.append(f' stroke-dasharray="{" ".join(map(_n, dash))}"')
    return "".join(parts)


def _place(rect: Rect) -> str:
    x, y, width, height = map(_n, rect)
    return f' x="{x}" y="{y}" width="{width}" height="{height}"'


def _n(value: float) -> str:
    """A coordinate, to a hundredth."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
