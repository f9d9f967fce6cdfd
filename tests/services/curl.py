"""As much of curl as the README's examples use, for machines that have none and where none can be installed."""

import argparse
import sys
from pathlib import Path

import httpx


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    for flag in "sfL":
        parser.add_argument(f"-{flag}", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    parser.add_argument("-o", type=Path)
    asked = parser.parse_args()
    headers = dict(line.split(": ", 1) for line in asked.H)
    answer = httpx.request("POST" if asked.d else "GET", asked.url, content=asked.d, headers=headers, follow_redirects=asked.L,
                           timeout=60)
    if asked.f and answer.status_code >= 400:
        return 22
    if asked.o:
        asked.o.write_bytes(answer.content)
    else:
        sys.stdout.buffer.write(answer.content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
