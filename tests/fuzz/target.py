"""One reader under fire."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Target:
    """`read` is called with what `made_up` gives. It may raise `refusals`, which are our own errors, and nothing else. `cost`:
    how many cheap examples one of its examples takes the time of."""

    name: str
    made_up: SearchStrategy[Any]
    read: Callable[[Any], object]
    refusals: tuple[type[Exception], ...] = ()
    cost: int = 1

    def attack(self, given: Any) -> None:
        """Raises what is no refusal."""
        try:
            self.read(given)
        except self.refusals as error:
            _check_what_is_said(error)


def _check_what_is_said(refusal: Exception) -> None:
    said = str(getattr(refusal, "message", refusal))
    assert said, f"{type(refusal).__name__} says nothing"
    assert len(said) < 2000, f"{type(refusal).__name__} repeats what it was given: {said[:200]}"
