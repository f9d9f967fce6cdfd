"""Lines for people: on stderr, so that stdout is for what programs read."""

import sys


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
