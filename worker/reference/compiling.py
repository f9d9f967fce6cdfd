"""torch.compile for the package: what is compiled, and what is done where a mode does not work out.

The usual recipe, `torch.compile(model.model)`, compiles nothing: only its `generate` is called, and torch's OptimizedModule
hands that on to the module as it was. So `forward` is compiled where it is called at each step.
"""

import gc
from collections.abc import Callable, Sequence

import torch
from torch import nn

from worker.model.errors import TooLittleMemory
from worker.reference.options import Mode, ReferenceOptions

MODES: tuple[Mode, ...] = ("max-autotune", "reduce-overhead", "default", "off")
"""From the dearest to the cheapest."""

VARIANTS = 64
"""Of one forward: with and without a cache, one row and several. transformers wraps every forward in one function, and torch
counts the variants of all of them together; its own limit is 8, and beyond it runs uncompiled without a word."""


def compile_and_warm_up(modules: Sequence[nn.Module], options: ReferenceOptions, warm_up: Callable[[], None],
                        report: Callable[[str], None]) -> tuple[str, ...]:
    """Leaves the modules compiled and warm, in the mode asked for or in the next cheaper one that works, and says which: a note
    a line. Raises what `warm_up` raises uncompiled."""
    notes: list[str] = []
    for mode in MODES[MODES.index(options.compile):-1]:
        report(f"warming up, torch.compile mode {mode}: minutes")
        compile_forwards(modules, mode, fullgraph=options.fullgraph)
        try:
            warm_up()
        except (TooLittleMemory, RuntimeError) as error:  # RuntimeError is what torch's compilers raise
            notes.append(f"compile: mode {mode} does not work here ({_first_line(error)})")
        else:
            return (*notes, f"compile: mode {mode}")
        uncompile_forwards(modules)
    report("warming up, nothing compiled")
    warm_up()
    return (*notes, "compile: off")


def compile_forwards(modules: Sequence[nn.Module], mode: str, *, fullgraph: bool) -> None:
    """Lengths and numbers of rows change with every call, so sizes are left open (dynamic)."""
    torch._dynamo.config.recompile_limit = VARIANTS
    for module in modules:
        module.forward = torch.compile(module.forward, mode=mode, fullgraph=fullgraph, dynamic=True)


def uncompile_forwards(modules: Sequence[nn.Module]) -> None:
    """And give back what compiling took."""
    for module in modules:
        del module.forward  # the class's own is behind it
    torch._dynamo.reset()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"
