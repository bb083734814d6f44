"""Films: many images into one GIF, WebP, APNG or MP4."""

from __future__ import annotations

import importlib
import importlib.util
import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from PySide6.QtGui import QImage

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.playback.timeline import Timeline

ENDINGS = (".gif", ".webp", ".apng", ".mp4")
RATE = 12
"""Frames a second, where no other number is asked for."""
_MOMENT = 0.75
"""Seconds that one moment takes, or less where there are many of them."""
_LONGEST = 35.0
"""Seconds that all moments of a film take at most."""
_WIDEST = 1000


def times(
    timeline: Timeline, phase: str | None = None, step: int | None = None, rate: int = RATE
) -> list[float]:
    """The time of each frame: every moment at an even pace, resting for a second at the end.

    With `step` it is the moment of that number alone. Only the pace of the film counts, not how
    long it takes to draw.
    """
    if step is not None:
        begin, end = step - 1, step
    else:
        begin, end = (0, len(timeline)) if phase is None else timeline.span(phase)
    longest = round(_LONGEST * rate) // max(1, end - begin)
    each = max(2, min(round(_MOMENT * rate), longest))
    moving = [begin + i / each for i in range((end - begin) * each)]
    return [*moving, *[float(end)] * rate]


def stops(first: int, last: int, rate: int = RATE) -> list[int]:
    """The training steps that the frames of a film of training show, the last one for a second.

    All of them where they are few, else evenly chosen; a film is ten seconds long at most.
    """
    most = min(last - first + 1, 10 * rate)
    chosen = [first + round(i * (last - first) / max(1, most - 1)) for i in range(most)]
    return [*chosen, *[last] * rate]


def fitted_size(size: tuple[int, int]) -> tuple[int, int]:
    """A size for a film: not too wide for a page, with even sides as video wants them."""
    factor = min(1.0, _WIDEST / size[0])
    return tuple(max(2, round(side * factor / 2) * 2) for side in size)  # type: ignore[return-value]


def require(ending: str) -> None:
    """Raise StudioError if films of this kind can't be written here."""
    if not can_write(ending):
        raise StudioError(
            N_(
                "A film can't be written as .mp4, because ffmpeg is not installed. "
                "Install it, or write a .webp or .gif."
            )
        )


def film(
    ending: str, frames: Iterator[QImage], size: tuple[int, int], rate: int = RATE
) -> tuple[bytes, int]:
    """The frames as the content of a file with that ending; how many there were."""
    if ending == ".mp4":
        return _video(frames, size, rate)
    images = [pixels(frame) for frame in frames]
    first, rest = images[0], images[1:]
    pace = round(1000 / rate)
    stream = io.BytesIO()
    if ending == ".gif":
        palette = first.quantize(255, dither=Image.Dither.NONE)
        few = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in images]
        few[0].save(
            stream, "GIF", save_all=True, append_images=few[1:], duration=pace, loop=0, disposal=1
        )
    elif ending == ".webp":
        first.save(
            stream, "WEBP", save_all=True, append_images=rest, duration=pace, loop=0, lossless=True
        )
    else:
        first.save(stream, "PNG", save_all=True, append_images=rest, duration=pace, loop=0)
    return stream.getvalue(), len(images)


def pixels(image: QImage) -> Image.Image:
    """An image of Qt's as one of Pillow's."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    size = (plain.width(), plain.height())
    return Image.frombuffer(
        "RGB", size, bytes(plain.constBits()), "raw", "RGB", plain.bytesPerLine(), 1
    )


def png(image: QImage) -> bytes:
    """An image as PNG; the same image always gives the same bytes."""
    stream = io.BytesIO()
    pixels(image).save(stream, "PNG")
    return stream.getvalue()


def can_write(ending: str) -> bool:
    """Whether films of this kind can be written here."""
    return ending != ".mp4" or _ffmpeg() is not None


def _ffmpeg() -> str | None:
    """The path of ffmpeg: the system's, or that of the optional package."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        return None
    return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())


def _video(frames: Iterator[QImage], size: tuple[int, int], rate: int) -> tuple[bytes, int]:
    width, height = size
    with tempfile.TemporaryDirectory() as folder:
        # An encoder goes back to write the length, so it needs a file of its own.
        path = Path(folder) / "film.mp4"
        command = [
            str(_ffmpeg()), "-y", "-loglevel", "error",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate),
            "-i", "-", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", str(path),
        ]  # fmt: skip
        count = 0
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
            assert encoder.stdin is not None
            for frame in frames:
                encoder.stdin.write(pixels(frame).tobytes())
                count += 1
            _, said = encoder.communicate()
        if encoder.returncode:
            reason = said.decode(errors="replace").strip()
            raise StudioError(N_("The film can't be made: ffmpeg says {reason}."), reason=reason)
        return path.read_bytes(), count
