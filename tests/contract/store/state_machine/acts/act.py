"""What may happen next, drawn by how often it should come.

Hypothesis's own rules are drawn evenly, and in most runs most of them are switched off: what needs six different ones in a row
hardly ever happened. Here a run goes without a few.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st

from tests.contract.store.state_machine.acts.scene import Scene
from tests.contract.store.state_machine.model.jobs import ModelJob

F = TypeVar("F", bound=Callable[..., None])
When = Callable[[Scene], bool]


@dataclass(frozen=True)
class Act:
    """A function of the scene and of what is drawn for its other arguments. Done only `when` it makes sense."""

    name: str
    do: Callable[..., None]
    often: int
    when: When
    arguments: dict[str, st.SearchStrategy[Any]]


ACTS: list[Act] = []


def act(often: int = 1, when: When = lambda scene: True, **arguments: st.SearchStrategy[Any]) -> Callable[[F], F]:
    """Makes an act of a function. Its arguments are drawn from the strategies that are named like them."""
    def enrol(do: F) -> F:
        ACTS.append(Act(do.__name__, do, often, when, arguments))
        return do

    return enrol


def while_some_job(is_meant: Callable[[ModelJob], bool]) -> When:
    return lambda scene: any(is_meant(job) for job in scene.model.jobs.values())


def perform(scene: Scene, data: st.DataObject, absent: Collection[str]) -> None:
    """Draw what happens next, and let it."""
    possible = {one.name: one for one in ACTS if one.name not in absent and one.when(scene)}
    name = data.draw(st.sampled_from([one.name for one in possible.values() for _ in range(one.often)]), "what happens")
    drawn = {argument: data if argument == "data" else data.draw(strategy, argument)
             for argument, strategy in possible[name].arguments.items()}
    possible[name].do(scene, **drawn)
    note(f"{name} has happened")
