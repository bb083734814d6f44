"""Every gate of the studio. Importing this fills `op.catalog`."""

from bpstudio.engine.ops import arithmetic, source

__all__ = ["arithmetic", "source"]
