"""Where a worksheet goes: into a PDF, or onto paper."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QAbstractPrintDialog, QPrintDialog, QPrinter, QPrinterInfo
from PySide6.QtWidgets import QDialog, QFileDialog

from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.ui import worksheet
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.worksheet import Page

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def pages_of(window: Window) -> tuple[Page, ...]:
    """The pages of the lesson that goes on, else of the network."""
    lesson = lecture_of(window.studio).lesson
    if lesson is not None:
        return worksheet.of_lesson(lesson)
    return worksheet.of_project(window.studio.project)


def save(window: Window) -> None:
    """Ask for a file, and write the pages into it."""
    pages = pages_of(window)
    dialog = QFileDialog(window, _("Worksheet"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter("PDF (*.pdf)")
    dialog.setDefaultSuffix("pdf")
    dialog.selectFile(f"{window.studio.project.title or 'worksheet'}.pdf")
    dialog.fileSelected.connect(partial(_write, window, pages))
    dialog.open()


def print_it(window: Window) -> None:
    """Ask for a printer, and print the pages; without any printer, ask for a file.

    Qt's own way from that dialog into a file is not offered: it would ask about a file that is
    there already, or cannot be written, in a loop of its own from which nothing else goes on.
    """
    if not QPrinterInfo.availablePrinterNames():
        window.studio.notice(_("No printer is set up on this computer: save the pages as PDF."))
        save(window)
        return
    pages = pages_of(window)
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(window.studio.project.title or "worksheet")
    dialog = QPrintDialog(printer, window)
    dialog.setOption(QAbstractPrintDialog.PrintDialogOption.PrintToFile, False)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.accepted.connect(lambda: worksheet.print_on(printer, pages))
    QDialog.open(dialog)


def _write(window: Window, pages: tuple[Page, ...], path: str) -> None:
    try:
        worksheet.save(pages, Path(path))
    except StudioError as error:
        window.studio.complain(error)
        return
    window.studio.notice(_("Saved as {name}.").format(name=Path(path).name))
