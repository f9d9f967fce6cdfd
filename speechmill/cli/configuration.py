"""Writes docs/configuration.md from the settings: `python -m speechmill.cli.configuration`; `--check` says if it is stale."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from speechmill.settings import Settings, variable

PAGE = Path(__file__).parents[2] / "docs/configuration.md"

INTRODUCTION = """# Configuration

Every setting is an environment variable. A bad or unknown one stops the start with an error that names it. This page is
generated from `speechmill/settings.py` (`make docs`).

`speechmill up` sets what the embedded stack needs; whatever is set in its environment wins. Producer and workers of one
system must agree on `redis`, `blobs`, `s3`, `webhooks` and `retention`.
"""

TITLES = {"redis": "Redis", "blobs": "Storage", "s3": "S3", "limits": "Limits",
          "voices": "Voices of one's own", "streams": "Streams", "producer": "Producer", "worker": "Workers",
          "engine": "Engine", "align": "Times of words", "remote": "Another server as a voice", "webhooks": "Webhooks",
          "retention": "Retention", "log": "Logs"}


def page() -> str:
    return "\n".join([INTRODUCTION, *(line for name, info in Settings.model_fields.items() for line in _group(name, info))])


def _group(name: str, info: FieldInfo) -> Iterator[str]:
    assert isinstance(info.annotation, type)
    assert issubclass(info.annotation, BaseModel)
    yield f"## {TITLES[name]}\n"
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for field, setting in info.annotation.model_fields.items():
        yield f"| `{variable((name, field))}` | {_default(setting)} | {setting.description}{_choices(setting)} |"
    yield ""


def _default(setting: FieldInfo) -> str:
    value = setting.default
    if value is None or value == () or value == "" or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return "–"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    return f"`{value}`".lower() if isinstance(value, bool) else f"`{value}`"


def _choices(setting: FieldInfo) -> str:
    choices = [choice for choice in get_args(setting.annotation) if isinstance(choice, str)]
    return f" One of: {', '.join(choices)}." if choices else ""


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        if PAGE.read_text("utf-8") == page():
            return 0
        sys.stderr.write("docs/configuration.md is not what speechmill/settings.py says: run make docs\n")
        return 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
