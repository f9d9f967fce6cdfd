"""Files of sound: where `-o` points, which format its name asks for, whether it can be written; and one that is sent along."""

import base64
from pathlib import Path

from speechmill.cli.exits import Exit, Failure

FORMATS = {".mp3": "mp3", ".opus": "opus", ".ogg": "opus", ".aac": "aac", ".flac": "flac", ".wav": "wav", ".pcm": "pcm",
           ".raw": "pcm"}

STDOUT = Path("-")


def format_of(target: Path) -> str:
    """The audio format that the file's ending means. Raises Failure for one that means none."""
    try:
        return FORMATS[target.suffix.lower()]
    except KeyError:
        raise Failure(f"{target} does not say what format it should have: end it in one of {', '.join(FORMATS)}, "
                      "or use --format.", Exit.USAGE) from None


def check_writable(target: Path) -> None:
    """Raises Failure when the file can't be written: better before a long text is spoken than after."""
    if target.is_dir():
        raise Failure(f"{target} is a folder; -o needs the name of a file.", Exit.USAGE)
    if not target.parent.is_dir():
        raise Failure(f"{target.parent} is not a folder; make it first, or write elsewhere.", Exit.USAGE)


def data_url(sound: Path) -> str:
    """The whole file as a data: URL (RFC 2397). Raises Failure when it can't be read."""
    try:
        content = sound.read_bytes()
    except OSError as error:
        raise Failure(f"{sound} cannot be read: {error.strerror}.", Exit.USAGE) from None
    return f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
