"""A code predictor of the released sizes but for its depth, random, in bfloat16 on the CPU; and its one launch, emulated."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.emulated_gpu.emulator import EmulatedGpu
from worker.model.checkpoint import open_checkpoint
from worker.model.code_predictor import CodePredictor
from worker.model.config import CheckpointConfig
from worker.model.kernels.gpu.one_launch.arguments import fix
from worker.model.kernels.gpu.one_launch.one_launch import OneLaunch
from worker.model.kernels.gpu.one_launch.sizes import RELEASED, sizes_of
from worker.model.slot_state import SlotState, empty_slots
from worker.model.tables import load_tables
from worker.model.tensor_shapes import main_shapes
from worker.model.weights import TensorFile

CPU, BFLOAT16 = torch.device("cpu"), torch.bfloat16
N_SLOTS = 16


@dataclass(frozen=True)
class Emulated:
    """One predictor drawing its frames in both ways: kernel after kernel (torch here), and in one launch."""

    config: CheckpointConfig
    one_by_one: CodePredictor
    at_once: CodePredictor
    gpu: EmulatedGpu
    launch: OneLaunch


def emulated(tiny: Path, folder: Path, *, n_layers: int, n_codes: int, n_rows: int) -> Emulated:
    config = config_of(tiny, n_layers=n_layers, n_codes=n_codes)
    weights = random_weights(config, folder)
    tables = load_tables(config, weights, CPU, BFLOAT16)
    one_by_one, at_once = (CodePredictor(config, weights, tables, BFLOAT16) for _ in range(2))
    sizes = sizes_of(config)
    gpu = EmulatedGpu(sizes, n_rows, folder)
    launch = OneLaunch({n_rows: gpu}, fix(sizes, at_once.stack, at_once.heads, tables.predictor_inputs))
    at_once.one_launch = launch
    return Emulated(config, one_by_one, at_once, gpu, launch)


def config_of(tiny: Path, *, n_layers: int, n_codes: int) -> CheckpointConfig:
    config, r = open_checkpoint(tiny).config, RELEASED
    predictor = replace(config.predictor, hidden_size=r.hidden, intermediate_size=r.intermediate, n_layers=n_layers,
                        n_heads=r.n_heads, n_kv_heads=r.n_kv_heads, head_dim=r.head_dim)
    return replace(config, predictor=predictor, predictor_vocab_size=r.vocabulary, n_codes=n_codes, text_vocab_size=8)


def random_weights(config: CheckpointConfig, folder: Path) -> TensorFile:
    """Norms around one; heads so steep that draws differ between rows."""
    draw = torch.Generator().manual_seed(0)

    def random(name: str, shape: tuple[int, ...]) -> Tensor:
        x = torch.randn(shape, generator=draw)
        return (x * (3.0 if "lm_head" in name else 1.0) / shape[-1] ** 0.5 if len(shape) > 1 else 1 + 0.1 * x).to(BFLOAT16)

    save_file({name: random(name, shape) for name, shape in main_shapes(config).items()}, folder / "model.safetensors")
    return TensorFile.open(folder, CPU, BFLOAT16)


def random_state(config: CheckpointConfig, n_slots: int = N_SLOTS) -> SlotState:
    """Every slot in the midst of an utterance, with draws and a seed of its own."""
    draw = torch.Generator().manual_seed(1)
    state = empty_slots(config, n_slots, 1, CPU, BFLOAT16)
    state.hidden.copy_(torch.randn(state.hidden.shape, generator=draw))
    state.next_code.copy_(torch.randint(0, 2000, state.next_code.shape, generator=draw))
    state.seed.copy_(torch.arange(n_slots + 1) * 7919 + (1 << 40))
    state.step.copy_(torch.arange(n_slots + 1) + 3)
    state.predictor_draw.temperature.fill_(0.9)
    state.predictor_draw.top_k.fill_(50)
    return state
