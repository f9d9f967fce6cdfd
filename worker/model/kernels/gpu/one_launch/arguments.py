"""What the kernel is given: struct Frame of cuda/frame.cuh, field by field."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.model.kernels.gpu.one_launch.packing import CLUSTER, N_BLOCKS, PackedWeights, pack
from worker.model.kernels.gpu.one_launch.sizes import ROWS, Sizes
from worker.model.slot_state import SlotState
from worker.model.stack import Cache, Stack

_POINTERS = (
    "residual", "weighed", "squares", "qkv", "attended", "gated", "logits", "keys", "values", "codes", "counters", "trouble",
    "qkv_weights", "out_weights", "gate_up_weights", "down_weights", "head_weights", "input_norms", "gate_norms", "last_norm",
    "q_norms", "k_norms", "cos", "sin", "hidden_rows", "code_0_rows", "tables", "slots", "temperature", "top_k", "top_p", "seed",
    "step", "broken",
)


class FrameArguments(ctypes.Structure):
    """struct Frame: addresses of tensors first, then what is passed by value."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in _POINTERS),
        ("layer_stride", ctypes.c_longlong), ("n_rows", ctypes.c_int), ("eps", ctypes.c_float),
    ]


@dataclass(frozen=True)
class Opening:
    """What a frame's first two places read, [rows, predictor hidden] each: what the talker said, and code 0's row."""

    hidden: Tensor
    code_0_rows: Tensor


@dataclass(frozen=True)
class Buffers:
    """What blocks tell each other in a launch; room for the most rows. Nothing of it outlives the launch."""

    residual: Tensor
    weighed: Tensor
    squares: Tensor
    qkv: Tensor
    attended: Tensor
    gated: Tensor
    logits: Tensor
    meetings: Tensor
    """int32: `trouble` [4], then a counter a meeting. All zeros when a launch begins."""

    @property
    def trouble(self) -> Tensor:
        """[4] int32: what was waited for in vain (cuda/waiting.cuh), by which block and thread; 0 where all came."""
        return self.meetings[:4]

    @property
    def counters(self) -> Tensor:
        return self.meetings[4:]


def empty_buffers(sizes: Sizes, device: torch.device) -> Buffers:
    n_rows = ROWS[-1]

    def rows(width: int) -> Tensor:
        return torch.zeros(n_rows, width, dtype=torch.bfloat16, device=device)

    return Buffers(
        residual=rows(sizes.hidden), weighed=rows(sizes.hidden),
        squares=torch.zeros(N_BLOCKS // CLUSTER, n_rows, dtype=torch.float32, device=device),
        qkv=rows(sizes.qkv), attended=rows(sizes.n_heads * sizes.head_dim), gated=rows(sizes.intermediate),
        logits=rows(sizes.vocabulary),
        meetings=torch.zeros(4 + sizes.n_meetings, dtype=torch.int32, device=device),
    )


@dataclass(frozen=True)
class Fixed:
    """What is the same in every frame. `tables`: what is read after codes 1 …; the kernel has their addresses alone."""

    weights: PackedWeights
    buffers: Buffers
    tables: tuple[Tensor, ...]
    table_addresses: Tensor
    eps: float


def fix(sizes: Sizes, stack: Stack, heads: Sequence[Tensor], tables: Sequence[Tensor]) -> Fixed:
    """`heads` [vocabulary, hidden] for codes 1 …; `tables` [codes, hidden]: what is read after each code but the last."""
    device, read = stack.norm.device, tuple(tables[1:])  # code 0's row is looked up before
    at = torch.tensor([table.data_ptr() for table in read], dtype=torch.int64, device=device)
    return Fixed(pack(stack, heads), empty_buffers(sizes, device), read, at, stack.config.rms_norm_eps)


def arguments(fixed: Fixed, opening: Opening, state: SlotState, cache: Cache, slots: Tensor, codes: Tensor) -> FrameArguments:
    """Of one launch; every tensor must live until it has run."""
    weights, buffers, draw = fixed.weights, fixed.buffers, state.predictor_draw
    keys, values = cache.layer(0)
    pointers = {
        **{name: getattr(buffers, name) for name in _POINTERS[:7]},
        "keys": keys, "values": values, "codes": codes, "counters": buffers.counters, "trouble": buffers.trouble,
        **{f"{name}_weights": getattr(weights, name) for name in ("qkv", "out", "gate_up", "down", "head")},
        **{name: getattr(weights, name) for name in ("input_norms", "gate_norms", "last_norm", "q_norms", "k_norms")},
        "cos": cache.rope.cos, "sin": cache.rope.sin,
        "hidden_rows": opening.hidden, "code_0_rows": opening.code_0_rows, "tables": fixed.table_addresses, "slots": slots,
        "temperature": draw.temperature, "top_k": draw.top_k, "top_p": draw.top_p,
        "seed": state.seed, "step": state.step, "broken": state.broken,
    }
    return FrameArguments(
        **{name: tensor.data_ptr() for name, tensor in pointers.items()},
        layer_stride=cache.kv.stride(0), n_rows=len(slots), eps=fixed.eps,
    )
