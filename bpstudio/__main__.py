"""`python -m bpstudio` is the same program as `bpstudio`."""

import multiprocessing
import sys

if __name__ == "__main__":
    # A frozen program is its own worker process too, and learns of it here.
    multiprocessing.freeze_support()

from bpstudio.cli import main

if __name__ == "__main__":
    sys.exit(main())
