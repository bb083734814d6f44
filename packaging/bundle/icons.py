"""The program's icon as each system wants it, drawn from its one drawing.

`python icons.py FOLDER` writes bpstudio.ico, bpstudio.icns and a PNG for each size.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

DRAWING = Path(__file__).resolve().parents[2] / "resources" / "icons" / "bpstudio.svg"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512, 1024)


def draw(folder: Path) -> None:
    """Draw it in every size."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = QSvgRenderer(str(DRAWING))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        image.save(str(folder / f"{size}.png"))
    largest = Image.open(folder / "1024.png")
    largest.save(folder / "bpstudio.icns")
    largest.save(folder / "bpstudio.ico", sizes=[(s, s) for s in SIZES if s <= 256])


if __name__ == "__main__":
    application = QGuiApplication([])
    draw(Path(sys.argv[1]))
