"""What names a segment of a chapter from one revision to the next: what is said there, by whom, and for which time. Its number
would name another one as soon as a sentence comes or goes before it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator


def segment_names(segments: Iterable[tuple[str, str]]) -> Iterator[str]:
    """For each segment of a chapter, in order, as (speaker, text to speak): 32 hex digits."""
    seen = Counter[bytes]()
    for speaker, text in segments:
        said = hashlib.blake2b(f"{speaker}\0{text}".encode(), digest_size=16)
        times = seen[said.digest()] = seen[said.digest()] + 1
        said.update(b"\0%d" % times)
        yield said.hexdigest()
