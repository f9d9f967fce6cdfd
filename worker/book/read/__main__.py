"""`python -m worker.book.read FILE`: prints the book as JSON, under limits of memory and time. Exit status 65 where it can't be
read: then the JSON has `message` and `part`."""

import argparse
import json
import resource
import sys
from pathlib import Path

from worker.book.errors import BookUnreadable
from worker.book.read import limits
from worker.book.read.apart import OUT_OF_MEMORY, UNREADABLE
from worker.book.read.book import read_book
from worker.book.read.wire import to_json


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m worker.book.read", description="Prints a book as JSON.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--name", default="", help="what the file is called by whoever sent it")
    asked = parser.parse_args()
    confine()
    try:
        sys.stdout.write(to_json(read_book(asked.file, asked.name)))
    except BookUnreadable as error:
        sys.stdout.write(json.dumps({"message": error.message, "part": error.part}))
        return UNREADABLE
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def confine() -> None:
    """Of this process, before the first byte is read: so much address space, so much work, no core left."""
    _at_most(resource.RLIMIT_AS, limits.ADDRESS_SPACE_BYTES)
    _at_most(resource.RLIMIT_CPU, limits.CPU_S)
    _at_most(resource.RLIMIT_CORE, 0)


def _at_most(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    sys.exit(main())
