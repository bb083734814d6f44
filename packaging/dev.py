"""The one command for people who work on Backprop Studio. It needs Python and nothing else.

    python3 packaging/dev.py run [words]     the studio, or: bpstudio <words>
    python3 packaging/dev.py test [words]    every check, or: pytest <words>
    python3 packaging/dev.py bench [name]    the measurements in tests/bench
    python3 packaging/dev.py long [name]     the tests that take minutes
    python3 packaging/dev.py screenshots     the pictures of the documents
    python3 packaging/dev.py translations    the sentences to translate
    python3 packaging/dev.py bundle [kind]   programs for people without Python: tar, deb, zip …
    python3 packaging/dev.py lock            chooses the versions of all libraries anew

Every one but the last two first brings .venv, in the root of the project, up to date.
"""

# Any Python must be able to read this file, in order to be told that it is too old.

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Backprop Studio needs Python 3.11 or newer, and this is Python "
        + ".".join(str(part) for part in sys.version_info[:3])
        + "."
    )

from tasks import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
