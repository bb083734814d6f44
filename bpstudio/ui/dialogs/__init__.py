"""Dialogs: files, export, about, and the sheet of shortcuts. None of them stops the studio."""
