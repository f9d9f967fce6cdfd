"""What options say, as the server wants it: casts, lexicons, formats, edited chapters. Raises Failure that says what is wrong."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speechmill.cli.exits import Exit, Failure


def cast_of(pairs: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """anna=serena → {"anna": {"voice": "serena"}}"""
    return {label: {"voice": voice} for label, voice in _pairs(pairs, "--cast", "LABEL=VOICE such as anna=serena")}


def edits_of(pairs: Sequence[str] | None) -> dict[str, str]:
    """3=chapter3.txt → {"3": the text of that file}"""
    edits = {}
    for number, file in _pairs(pairs, "--edit", "NUMBER=FILE such as 3=chapter3.txt"):
        if not number.isdecimal():
            raise Failure(f"--edit takes NUMBER=FILE such as 3=chapter3.txt, not {number}={file}: {number!r} is no number of a "
                          "chapter.", Exit.USAGE)
        edits[number] = _text(Path(file))
    return edits


def formats_of(listed: str) -> list[str]:
    """'m4b, mp3' → ["m4b", "mp3"]"""
    return list(dict.fromkeys(name.strip().lower() for name in listed.split(",") if name.strip()))


def lexicon_of(file: Path | None) -> str:
    """As it stands in the file; the server reads JSON, tables and PLS."""
    return _text(file) if file else ""


def lexicon_in_json(text: str) -> Any:
    """For a body that is JSON itself."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"the lexicon is no JSON: {error}.", Exit.USAGE) from None


def _pairs(pairs: Sequence[str] | None, option: str, wanted: str) -> list[tuple[str, str]]:
    split = []
    for pair in pairs or ():
        left, equals, right = (part.strip() for part in pair.partition("="))
        if not (left and equals and right):
            raise Failure(f"{option} takes {wanted}, not {pair!r}.", Exit.USAGE)
        split.append((left, right))
    return split


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8.", Exit.USAGE) from None
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
