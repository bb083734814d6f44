"""An exporter: the wires of the network as a table."""

from __future__ import annotations

import csv
import io

from bpstudio.exchange.files import Files
from bpstudio.exchange.formats import Format
from bpstudio.project.project import Project


def wires(project: Project) -> Files:
    """A row for each wire: from which node it comes, to which node it goes, into which port."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["from", "to", "port"])
    for node in project.graph.nodes.values():
        for port, sources in node.sources.items():
            for source in sources:
                table.writerow([source, node.id, port])
    return Files(text.getvalue().encode())


WIRES = Format("wires", "The wires as a table", ".csv", (), wires)
