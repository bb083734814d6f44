"""`python -m bpstudio` is the same program as `bpstudio`."""

import sys

from bpstudio.cli import main

if __name__ == "__main__":
    sys.exit(main())
