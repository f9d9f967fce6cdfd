"""The fields of a JSON file, read with their types; a wrong one says its file, its full name and what is expected. No torch."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from worker.model.errors import CheckpointError

REQUIRED = object()
MOST_LAYERS = 1000
"""Of anything that is repeated: every layer is a dozen tensors to look up, and a misprint would have millions of them."""


@dataclass(frozen=True)
class Fields:
    """An object of `file`; `prefix` is its path inside the file, "" or ending in a dot."""

    file: Path
    values: Mapping[str, object]
    prefix: str = ""

    @classmethod
    def read(cls, file: Path) -> "Fields":
        """Raises CheckpointError where the file is missing, no JSON, or no JSON object."""
        try:
            values = json.loads(file.read_bytes())
        except FileNotFoundError:
            raise CheckpointError(f"{file} is missing; a Qwen3-TTS checkpoint has it. Fetch the checkpoint whole.") from None
        except OSError as error:
            raise CheckpointError(f"{file} can't be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:   # the latter where it is nested too deeply
            raise CheckpointError(f"{file} is not JSON ({error}); fetch it again.") from error
        if not isinstance(values, dict):
            raise CheckpointError(f"{file} holds a JSON {type(values).__name__}, expected an object.")
        return cls(file, values)

    def error(self, name: str, problem: str) -> CheckpointError:
        return CheckpointError(f"{self.file}: {self.prefix}{name} {problem}.")

    def with_defaults(self, defaults: Mapping[str, object]) -> "Fields":
        return replace(self, values={**defaults, **self.values})

    def section(self, name: str, *, optional: bool = False) -> "Fields":
        """An object inside this one; an optional one that is missing or null reads as empty."""
        value = self.values.get(name)
        if value is None and optional:
            value = {}
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Fields(self.file, value, f"{self.prefix}{name}.")

    def expect(self, name: str, expected: object, *, default: object = REQUIRED) -> None:
        """The one value that the engine is made for."""
        found = self.values.get(name, default)
        if found is REQUIRED:
            raise self.error(name, f"is missing, expected {expected!r}")
        if found != expected:
            raise self.error(name, f"is {found!r}, expected {expected!r}")

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a text")
        return value

    def integer(self, name: str, *, least: int = 1, most: int | None = None, default: int | None = None) -> int:
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self._wrong(name, f"an integer of at least {least}")
        if most is not None and value > most:
            raise self._wrong(name, f"at most {most}")
        return value

    def count(self, name: str) -> int:
        """How often something is repeated."""
        return self.integer(name, most=MOST_LAYERS)

    def number(self, name: str, *, least: float = 0.0, most: float = sys.float_info.max, default: float | None = None) -> float:
        """Neither NaN nor infinity, both of which Python's JSON has, nor an integer that is too large for a float."""
        value = self.values.get(name, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(name, f"a number of at least {least:g}" + (f" and at most {most:g}" if most < 1e300 else ""))
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        value = self.values.get(name)
        if not isinstance(value, list) or not value or not all(type(number) is int and number > 0 for number in value):
            raise self._wrong(name, "a list of positive integers")
        return tuple(value)

    def identifier(self, name: str, *, below: int) -> int:
        """A row of a table with `below` rows."""
        value = self.integer(name, least=0)
        if value >= below:
            raise self.error(name, f"is {value}, expected less than {below}, the vocabulary's size")
        return value

    def ids(self, name: str, *, below: int) -> dict[str, int]:
        """Names, in lower case, to rows of a table; missing or null reads as empty."""
        section = self.section(name, optional=True)
        return {key.lower(): section.identifier(key, below=below) for key in section.values}

    def _wrong(self, name: str, expected: str) -> CheckpointError:
        if self.values.get(name) is None:
            return self.error(name, f"is missing, expected {expected}")
        return self.error(name, f"is {self.values[name]!r}, expected {expected}")
