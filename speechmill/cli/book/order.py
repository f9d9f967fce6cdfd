"""What is asked for: the file, the fields that go with it, and the key under which the same order is the same book."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechmill.cli.exits import Exit, Failure

_SALT = "speechmill book 1"
"""Changes when the same file and options should no longer be the book they were."""


@dataclass(frozen=True)
class Order:
    """`fields` as a form has them: texts, and JSON for everything else."""

    file: Path
    fields: dict[str, str]

    def key(self, sha256: str, attempt: int) -> str:
        """An idempotency key: the same for the same content, name, options and `attempt`, and for nothing else."""
        told = json.dumps([_SALT, sha256, self.file.name, self.fields, attempt], sort_keys=True)
        return f"book-{hashlib.sha256(told.encode()).hexdigest()}"


def order(file: Path, **asked: Any) -> Order:
    """What is empty or None was not asked for. Raises Failure for a file that is not there."""
    if not file.exists() and not file.suffix:
        raise Failure(f"there is neither a file nor a command {str(file)!r}; `speechmill book --help` lists the commands.",
                      Exit.USAGE)
    if not file.is_file():
        raise Failure(f"{file} is no file; name an EPUB, Markdown, text or JSON file.", Exit.USAGE)
    return Order(file, {name: _field(value) for name, value in given(asked).items()})


def given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value not in ("", None, [], {})}


def sha256_of(file: Path) -> str:
    """Of the whole content, in hex. Raises Failure when it can't be read."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None


def _field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
