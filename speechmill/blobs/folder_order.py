"""The files of a folder in the order in which S3 lists objects."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def files_after(folder: Path, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
    """Key and status of each file below `folder` whose key comes after `after`. `prefix`, which ends in a slash, is the key of
    `folder`. Folders that lie before `after` as a whole are not read. Raises OSError."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):  # it went with its last file
        return
    # "a.b" comes before "a/b": a folder stands where its files do.
    entries.sort(key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False))
    for entry in entries:
        key = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            below = key + "/"
            if after < below or after.startswith(below):
                yield from files_after(folder / entry.name, below, after)
        elif key > after and entry.is_file(follow_symlinks=False):
            with suppress(FileNotFoundError):
                yield key, entry.stat(follow_symlinks=False)
