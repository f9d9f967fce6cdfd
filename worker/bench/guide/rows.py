"""The rows of the guide: each way that is said to make Qwen3-TTS faster, on the two backends that can take it. No torch.

A row differs from the row it is measured against in one thing, so that what it gains is what that thing gains.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Backend = Literal["reference", "engine"]
CompileMode = Literal["off", "default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"]


@dataclass(frozen=True)
class ReferenceSetup:
    """How the unmodified qwen-tts package runs. `around` compiles the whole model, as is usually published, instead of the
    forwards that are called at each step (worker/reference/compiling.py says why that is not the same)."""

    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    attention: Literal["eager", "sdpa", "flash_attention_2"] = "sdpa"
    compile: CompileMode = "off"
    fullgraph: bool = False
    around: bool = False
    tf32: bool = False
    cudnn_benchmark: bool = False


@dataclass(frozen=True)
class EngineSetup:
    """How our engine runs: `changes` are EngineOptions by name. Without `kernels` their torch twins compute on the GPU too."""

    changes: dict[str, Any] = field(default_factory=dict)
    kernels: bool = True


@dataclass(frozen=True)
class Loads:
    """What is measured: one utterance `alone`, and so many `together` (0: none)."""

    alone: bool = True
    together: int = 0


@dataclass(frozen=True)
class GuideRow:
    """`against` is the name of the row that it changes, "" for the first of all; the engine's first is measured against that.
    `setup` None: not built yet."""

    name: str
    what: str
    backend: Backend
    against: str
    setup: ReferenceSetup | EngineSetup | None
    loads: Loads = Loads()


class UnknownRow(Exception):
    """A pattern that no row's name matches; the message names them all."""


def guide_rows(batch: int) -> list[GuideRow]:
    """All of them, in the table's order. `batch`: how many are spoken together where that is measured."""
    return [*_reference_rows(batch), *_engine_rows(batch)]


def choose(rows: list[GuideRow], patterns: list[str]) -> list[GuideRow]:
    """Those whose name matches one of the patterns (* is anything); all, where there are none. Raises UnknownRow."""
    for pattern in patterns:
        if not any(fnmatchcase(row.name, pattern) for row in rows):
            raise UnknownRow(f"No row is called {pattern!r}; there are {', '.join(row.name for row in rows)}.")
    return [row for row in rows if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)]


def _reference_rows(batch: int) -> list[GuideRow]:
    both = Loads(together=batch)

    def row(name: str, what: str, setup: ReferenceSetup, *, against: str = "reference", loads: Loads = both) -> GuideRow:
        return GuideRow(f"reference-{name}", what, "reference", against, setup, loads)

    return [
        GuideRow("reference", "baseline: qwen-tts, bf16, SDPA", "reference", "", ReferenceSetup(), both),
        row("batching", "dynamic batching", ReferenceSetup(), loads=Loads(alone=False, together=batch)),
        row("eager", "eager attention", ReferenceSetup(attention="eager")),
        row("flash", "FlashAttention 2", ReferenceSetup(attention="flash_attention_2")),
        row("cudnn", "cuDNN benchmark", ReferenceSetup(cudnn_benchmark=True)),
        row("tf32", "TF32 (in bf16)", ReferenceSetup(tf32=True)),
        row("float32", "float32", ReferenceSetup(dtype="float32")),
        row("float32-tf32", "float32, TF32", ReferenceSetup(dtype="float32", tf32=True), against="reference-float32"),
        *_compile_rows(),
        row("recipe", "torch.compile(model), TF32, cuDNN benchmark",
            ReferenceSetup(compile="reduce-overhead", around=True, tf32=True, cudnn_benchmark=True), loads=Loads()),
    ]


def _compile_rows() -> list[GuideRow]:
    modes: tuple[CompileMode, ...] = ("default", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")
    return [GuideRow(f"reference-compile-{mode}{'-fullgraph' if fullgraph else ''}",
                     f"torch.compile, mode {mode}{', fullgraph' if fullgraph else ''}", "reference", "reference",
                     ReferenceSetup(compile=mode, fullgraph=fullgraph))
            for mode in modes for fullgraph in (False, True)]


def _engine_rows(batch: int) -> list[GuideRow]:
    both = Loads(together=batch)

    def row(name: str, what: str, *, against: str = "engine", kernels: bool = True, loads: Loads = both,
            **changes: object) -> GuideRow:
        return GuideRow(f"engine-{name}", what, "engine", against, EngineSetup({**_ENGINE, **changes}, kernels), loads)

    return [
        GuideRow("engine", "our engine, bf16, CUDA graphs", "engine", "reference", EngineSetup(_ENGINE), both),
        *(row(f"batching-{n}", "continuous batching", loads=Loads(alone=False, together=n)) for n in (16, 64, 256)),
        row("no-graphs", "without CUDA graphs", cuda_graphs=False),
        row("no-kernels", "without CUDA graphs, without our kernels (torch's own)", against="engine-no-graphs", kernels=False,
            cuda_graphs=False, decode_attention="sdpa"),
        row("prefill-flash", "prompts by FlashAttention 2", prefill_attention="flash_attention_2"),
        row("decode-sdpa", "frames by SDPA", decode_attention="sdpa"),
        row("decode-flash", "frames by FlashAttention 2", decode_attention="flash_attention_2"),
        row("kv-float8", "keys and values in float8", kv_dtype="float8"),
        row("no-cudnn", "without cuDNN benchmark", cudnn_benchmark=False),
        row("float32", "float32", dtype="float32", tf32=False),
        row("float32-tf32", "float32, TF32", against="engine-float32", dtype="float32", tf32=True),
        GuideRow("engine-int8", "INT8 weights", "engine", "engine", None),
        GuideRow("engine-fp8", "FP8 weights", "engine", "engine", None),
        GuideRow("engine-tensor-parallel", "tensor parallelism", "engine", "engine", None),
    ]


_ENGINE = {"dtype": "bfloat16", "prefill_attention": "sdpa", "decode_attention": "engine", "kv_dtype": "auto",
           "cuda_graphs": True, "tf32": True, "cudnn_benchmark": True}
