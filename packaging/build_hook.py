"""What building the package does besides copying its modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Resources(BuildHookInterface[Any]):
    """Compiles the translations, and lays the resources into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        resources = Path(self.root, "resources")
        for catalog in resources.glob("translations/*/LC_MESSAGES/*.po"):
            with catalog.open("rb") as source, catalog.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(source))
        # An editable install reads the resources of the checkout; a copy would grow stale.
        if version == "standard":
            build_data["force_include"][str(resources)] = "bpstudio/_resources"
