"""Whether there is one launch on this machine: asked, compiled and tried when a checkpoint is loaded, never while it serves."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from worker.model.config import CheckpointConfig
from worker.model.kernels.frame import open_frame, report_frame
from worker.model.kernels.gpu.device_limits import limits_of
from worker.model.kernels.gpu.one_launch.arguments import Opening, fix
from worker.model.kernels.gpu.one_launch.driver import SHARED_BYTES, Kernel
from worker.model.kernels.gpu.one_launch.nvrtc import compile_cubin
from worker.model.kernels.gpu.one_launch.one_launch import OneLaunch
from worker.model.kernels.gpu.one_launch.packing import N_BLOCKS
from worker.model.kernels.gpu.one_launch.sizes import RELEASED, ROWS, Sizes, sizes_of
from worker.model.kernels.gpu.one_launch.unavailable import Unavailable
from worker.model.slot_state import empty_slots
from worker.model.stack import Stack

CAPABILITY = (9, 0)
"""wgmma is in no other: neither in older ones nor in newer."""


def open_one_launch(config: CheckpointConfig, stack: Stack, heads: Sequence[Tensor], tables: Sequence[Tensor]) -> OneLaunch:
    """`heads` [vocabulary, hidden] for codes 1 …; `tables` [codes, hidden]: what is read after each code but the last.
    Raises Unavailable, and torch.OutOfMemoryError where the second copy of the weights does not fit."""
    sizes, device = sizes_of(config), stack.norm.device
    if missing := why_not(device, stack.norm.dtype) or why_not_these(sizes):
        raise Unavailable(missing)
    one_launch = OneLaunch(_kernels(sizes, device), fix(sizes, stack, heads, tables))
    _try(one_launch, config, stack, tables[0])
    return one_launch


def why_not(device: torch.device, dtype: torch.dtype) -> str | None:
    """What this device, or this number format, lacks; None where nothing."""
    if device.type != "cuda":
        return "there is no GPU"
    capability = torch.cuda.get_device_capability(device)
    if capability != CAPABILITY:
        return f"it is written for compute capability 9.0, this GPU has {capability[0]}.{capability[1]}"
    if dtype != torch.bfloat16:
        return f"it computes in bfloat16, not in {str(dtype).removeprefix('torch.')}"
    limits = limits_of(device)
    if limits.n_cores < N_BLOCKS or limits.shared_bytes < SHARED_BYTES:
        return (f"it needs {N_BLOCKS} multiprocessors with {SHARED_BYTES >> 10} KiB of shared memory for a block, this GPU has "
                f"{limits.n_cores} with {limits.shared_bytes >> 10}")
    return None


def why_not_these(sizes: Sizes) -> str | None:
    """None for the released code predictor's, however many layers it has."""
    if replace(sizes, n_layers=RELEASED.n_layers) == RELEASED:
        return None
    return f"it is cut for the released code predictor, {RELEASED}, this is {sizes}"


@cache
def _kernels(sizes: Sizes, device: torch.device) -> dict[int, Kernel]:
    """By rows, compiled once a process: a second for each, side by side."""
    with ThreadPoolExecutor(len(ROWS)) as threads:
        cubins = list(threads.map(compile_cubin, [sizes.defines(n_rows) for n_rows in ROWS]))
    with torch.cuda.device(device):
        torch.cuda.synchronize()  # from here on the thread has the device's context
        return {n_rows: Kernel(cubin) for n_rows, cubin in zip(ROWS, cubins, strict=True)}


def _try(one_launch: OneLaunch, config: CheckpointConfig, stack: Stack, table: Tensor) -> None:
    """Each kernel, as the engine launches it: in a CUDA graph, between kernels that overlap with their neighbours (chain.py).
    What a driver refuses, it refuses here. `table` [codes, hidden]: code 0's."""
    device, stream = table.device, torch.cuda.Stream(table.device)  # type: ignore[no-untyped-call]
    state, cache_ = empty_slots(config, ROWS[-1], 1, device, table.dtype), stack.cache(ROWS[-1], config.n_codes)

    def frame(slots: Tensor, codes: Tensor, results: Tensor) -> None:
        _, rows = open_frame(slots, state.hidden, state.next_code, table, codes)
        one_launch.draw(Opening(rows, rows), state, cache_, slots, codes)
        report_frame(codes, slots, state.next_code, state.broken, results)

    for n_rows in ROWS:
        slots = torch.arange(n_rows, dtype=torch.int32, device=device)
        codes, results = (torch.zeros(n_rows, config.n_codes + n, dtype=torch.int32, device=device) for n in (0, 2))
        torch.cuda.synchronize(device)
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.stream(stream):
                frame(slots, codes, results)
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                frame(slots, codes, results)
            graph.replay()
            torch.cuda.synchronize(device)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise Unavailable(f"a launch of {n_rows} rows in a CUDA graph fails: {error}") from error
        if awaited := one_launch.fixed.buffers.trouble.tolist()[0]:
            raise Unavailable(f"blocks of a launch of {n_rows} rows waited for each other in vain (cuda/waiting.cuh: {awaited})")
