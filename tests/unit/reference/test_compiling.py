"""torch.compile of a package's inner modules. Dynamo really compiles here; its graphs are then run as they are (backend eager),
for building kernels takes a CPU minutes."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters

from worker.model.errors import TooLittleMemory
from worker.reference.compiling import compile_and_warm_up
from worker.reference.options import Mode, ReferenceOptions

OPTIONS = ReferenceOptions(Path("nowhere"))


class Doubling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.n_uncompiled = 0

    def forward(self, x: Tensor) -> Tensor:
        if not torch.compiler.is_compiling():
            self.n_uncompiled += 1
        return 2 * x


class Package(nn.Module):
    """Like the original: a loop around an inner module, behind a method that is not forward."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Doubling()

    def generate(self, n: int) -> Tensor:
        x = torch.ones(3)
        for _ in range(n):
            x = self.inner(x)
        return x


@pytest.fixture(autouse=True)
def graphs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """How many graphs were compiled so far."""
    compile_ = torch.compile

    def compile_without_kernels(forward: Any, *, mode: str, **how: Any) -> Any:
        return compile_(forward, backend="eager", **how)

    monkeypatch.setattr(torch, "compile", compile_without_kernels)
    torch._dynamo.reset()
    counters.clear()
    yield lambda: counters["stats"]["unique_graphs"]
    torch._dynamo.reset()


def warmed(package: Package, mode: Mode, failing: dict[str, Exception], **more: Any) -> tuple[tuple[str, ...], list[str]]:
    """Notes and reports, where a warm-up in some modes fails."""
    reports: list[str] = []

    def warm_up() -> None:
        mode = next((mode for mode in failing if f"mode {mode}:" in reports[-1]), None)
        if mode:
            raise failing[mode]
        package.generate(3)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of its own code
        return compile_and_warm_up([package.inner], replace(OPTIONS, compile=mode, **more), warm_up, reports.append), reports


def test_what_is_called_at_each_step_is_compiled(graphs: Callable[[], int]) -> None:
    package = Package()
    notes, _ = warmed(package, "default", {})
    assert notes == ("compile: mode default",)
    assert graphs() == 1
    assert package.generate(3).tolist() == [8, 8, 8]
    assert package.inner.n_uncompiled == 0


def test_compiling_the_package_itself_compiles_nothing(graphs: Callable[[], int]) -> None:
    """Why it is done otherwise."""
    package = Package()
    compiled: Any = torch.compile(package, mode="default")
    assert compiled.generate(3).tolist() == [8, 8, 8]
    assert graphs() == 0
    assert package.inner.n_uncompiled == 3


def test_off_compiles_nothing(graphs: Callable[[], int]) -> None:
    package = Package()
    assert warmed(package, "off", {})[0] == ("compile: off",)
    assert graphs() == 0
    assert package.inner.n_uncompiled == 3


@pytest.mark.parametrize("error", [TooLittleMemory("no room"), torch.OutOfMemoryError("no room"), RuntimeError("overwritten")])
def test_a_mode_that_does_not_work_out_is_stepped_down_and_said(error: Exception, graphs: Callable[[], int]) -> None:
    package = Package()
    notes, reports = warmed(package, "max-autotune", {"max-autotune": error, "reduce-overhead": error})
    assert [note.split(" (")[0] for note in notes] == [
        "compile: mode max-autotune does not work here", "compile: mode reduce-overhead does not work here",
        "compile: mode default"]
    assert str(error) in notes[0]
    assert len(reports) == 3
    assert graphs() == 1


def test_where_no_mode_works_out_nothing_is_compiled(graphs: Callable[[], int]) -> None:
    package = Package()
    notes, _ = warmed(package, "default", {"default": RuntimeError("no compiler")})
    assert notes[-1] == "compile: off"
    assert package.generate(1).tolist() == [2, 2, 2]
    assert graphs() == 0


def test_fullgraph_refuses_a_forward_with_a_break() -> None:
    class Broken(Doubling):
        def forward(self, x: Tensor) -> Tensor:
            torch._dynamo.graph_break()
            return 2 * x

    package = Package()
    package.inner = Broken()
    assert warmed(package, "default", {}, fullgraph=True)[0][-1] == "compile: off"
    assert warmed(package, "default", {}, fullgraph=False)[0] == ("compile: mode default",)
