"""Which file each format of a book becomes, and writing it over a connection that may break."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from speechmill.cli.exits import Exit, Failure

FORMATS = {".m4b": "m4b", ".mp3": "mp3", ".opus": "opus", ".ogg": "opus", ".flac": "flac", ".wav": "wav", ".epub": "epub"}
"""What a book can be made as, by the ending of its file."""

EXTRAS = {".vtt": "vtt", ".srt": "srt"}
"""What comes with every book that is made, and is not asked for when it is."""

ENDINGS = {"manifest": ".json", "report": ".report.json"}
"""The ending of a format that is not its name."""

TRIES = 3
PAUSE_S = 1.0


def format_of(target: Path, offered: Mapping[str, str]) -> str:
    """What the file's ending means among those that are `offered`. Raises Failure for one that means nothing there."""
    ending = target.suffix.lower()
    found = offered.get(ending)
    if not found:
        later = " Captions are written once a book is made: `speechmill book download`." if ending in EXTRAS else ""
        raise Failure(f"{target} does not say what it should be: end it in one of {', '.join(offered)}, or use --format.{later}",
                      Exit.USAGE)
    return found


def formats_asked(listed: Sequence[str], output: Path | None, offered: Mapping[str, str]) -> list[str]:
    """What --format says, else what the ending of -o means among those that are `offered`; neither: nothing."""
    return list(listed) or ([format_of(output, offered)] if output else [])


def targets(output: Path, formats: Sequence[str]) -> dict[str, Path]:
    """The file of each format: `output` for the one that its ending means, and the same name with another ending for the others.
    Raises Failure where the ending is that of a format which was not asked for."""
    own = (FORMATS | EXTRAS).get(output.suffix.lower(), "")
    if own and own not in formats:
        raise Failure(f"{output} ends as {own}, but the book comes as {', '.join(formats)}; end the name in "
                      f"{_ending(formats[0])}, or ask for it with --format.", Exit.USAGE)
    stem = output.with_suffix("") if own else output
    if not own and len(formats) == 1:
        return {formats[0]: output}
    return {format: output if format == own else stem.with_name(stem.name + _ending(format)) for format in formats}


def save_patiently(save: Callable[[], None]) -> None:
    """Again after a moment where the connection broke or the file came damaged. Raises what the last try did."""
    for left in reversed(range(TRIES)):
        try:
            save()
            return
        except Failure as failure:
            if not left or failure.exit not in (Exit.UNAVAILABLE, Exit.FAILED, Exit.TIMEOUT):
                raise
        time.sleep(PAUSE_S)


def _ending(format: str) -> str:
    return ENDINGS.get(format, f".{format}")
