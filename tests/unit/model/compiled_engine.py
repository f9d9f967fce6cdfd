# mypy: disable-error-code="import-untyped"
"""All that the engine launches by Triton, compiled for a card that is not there: the network and the codec at the released size,
as the engine calls them, over tensors without contents. Prints a JSON object: of each kernel, how many ways it was compiled.

    python -m tests.unit.model.compiled_engine --card H200                 a few sizes of launches, half a minute
    python -m tests.unit.model.compiled_engine --card RTX-4090 --kv float8 --all

Fails where a kernel does not compile or wants more shared memory than the card has. It patches torch for its own process.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import triton
from torch import Tensor
from triton.runtime.jit import JITFunction

from tests.unit.model.cards import CARDS, HERE, Card, Driver
from worker.engine.buckets import ChunkBucket, PromptBucket, TakeBucket, chunk_buckets, prompt_buckets, row_buckets, take_buckets
from worker.engine.streams import CHUNK_FRAMES
from worker.engine.torch_codec import CUDA_BATCH_FRAMES
from worker.model.attention import ENGINE
from worker.model.config import CheckpointConfig
from worker.model.config_file import checkpoint_config
from worker.model.fields import Fields
from worker.model.kernels.kept import FLOAT8
from worker.model.random_config import codec_config, main_config
from worker.model.tensor_shapes import Shapes, decoder_shapes, main_shapes
from worker.model.weights import TensorFile

N_SLOTS, POSITIONS = 256, 1280


@dataclass(frozen=True)
class Sizes:
    """Of launches."""

    rows: Iterable[int]
    prompts: Iterable[PromptBucket]
    takes: Iterable[TakeBucket]
    chunks: Iterable[ChunkBucket]


FEW = Sizes([1, 8, 64, N_SLOTS], [PromptBucket(1, 32), PromptBucket(8, 128)], [TakeBucket(1, 32), TakeBucket(4, 240)],
            [ChunkBucket(1, 1), ChunkBucket(4, CHUNK_FRAMES[-1])])
ALL = Sizes(row_buckets(N_SLOTS), prompt_buckets(N_SLOTS, POSITIONS), take_buckets(CUDA_BATCH_FRAMES),
            chunk_buckets(CHUNK_FRAMES))


class Compilations:
    """Stands in for every launch."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._seen: set[tuple[str, str]] = set()

    @property
    def by_kernel(self) -> Counter[str]:
        return Counter(name for name, _ in self._seen)

    def replace_launches(self) -> None:
        run = JITFunction.run

        def compile_only(kernel: Any, *arguments: object, grid: object, warmup: bool, **options: object) -> object:
            compiled = run(kernel, *arguments, grid=grid, warmup=True, **options)
            name = f"{kernel.fn.__module__.rpartition('.')[2]}.{kernel.fn.__name__}"
            shared_bytes = compiled.metadata.shared
            assert shared_bytes <= self._card.shared_kib * 1024, f"{name} wants {shared_bytes} bytes of shared memory"
            self._seen.add((name, compiled.hash))
            return compiled

        JITFunction.run = compile_only


@dataclass(frozen=True)
class Weights(TensorFile):
    """Tensors of these shapes without contents."""

    shapes: Shapes

    @classmethod
    def of(cls, shapes: Shapes, dtype: torch.dtype) -> "Weights":
        return cls(Path(), {}, HERE, dtype, shapes)

    def take(self, name: str, dtype: torch.dtype | None = None) -> Tensor:
        return torch.empty(self.shapes[name], dtype=dtype or self.dtype, device=HERE)


def main() -> int:
    asked = parse()
    card = CARDS[asked.card]
    pretend(card)
    compilations = Compilations(card)
    compilations.replace_launches()
    launch_all(ALL if asked.all else FEW, getattr(torch, asked.dtype), FLOAT8 if asked.kv == "float8" else None)
    json.dump(compilations.by_kernel, sys.stdout)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", choices=CARDS, required=True)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--kv", choices=("auto", "float8"), default="auto")
    parser.add_argument("--all", action="store_true", help="every size that the engine launches")
    return parser.parse_args()


def pretend(card: Card) -> None:
    """The kernels ask a tensor whether it is on a GPU, and torch and Triton what the GPU is. To be called before the kernels are
    imported."""
    from worker.model.kernels.gpu import device_limits

    triton.runtime.driver.set_active(Driver(card))
    torch.cuda.get_device_capability = lambda _=None: card.capability  # type: ignore[assignment]
    torch.Tensor.is_cuda = True
    device_limits.limits_of = lambda _: card.limits  # type: ignore[assignment]


def launch_all(sizes: Sizes, dtype: torch.dtype, kept: torch.dtype | None) -> None:
    from worker.model.codec import CodecDecoder
    from worker.model.network import Network
    from worker.model.prompt_batch import PromptBuffer, batch_room

    def numbers(*shape: int, of: torch.dtype = torch.int32) -> Tensor:
        return torch.empty(shape, dtype=of, device=HERE)

    config = released_config()
    network = Network(config, Weights.of(main_shapes(config), dtype), HERE, dtype, replace(ENGINE, kept=kept))
    slots = network.slots(N_SLOTS, POSITIONS)
    for n_rows in sizes.rows:
        network.frame(slots, numbers(n_rows), numbers(n_rows, config.n_codes + 2))
    prompts = PromptBuffer(batch_room(config, 8, 8 * POSITIONS, POSITIONS), HERE)
    for prompt in sizes.prompts:
        network.prefill(slots, prompts.rows(prompt.n_prompts, prompt.length))
    codec = CodecDecoder(Weights.of(decoder_shapes(config.codec), dtype), config.codec, dtype)
    for take in sizes.takes:
        codec.decode(numbers(take.n_takes, take.n_frames, config.n_codes))
    for chunk in sizes.chunks:
        memory, heard = numbers(chunk.n_streams, codec.memory_size, of=dtype), numbers(chunk.n_streams, of=torch.int64)
        codec.decode_after(memory, heard, numbers(chunk.n_streams, chunk.n_frames, config.n_codes))


def released_config() -> CheckpointConfig:
    """That of the 1.7B checkpoints."""
    with tempfile.TemporaryDirectory() as name:
        main, codec = Path(name) / "main.json", Path(name) / "codec.json"
        main.write_text(json.dumps(main_config("1.7b", "custom_voice")))
        codec.write_text(json.dumps(codec_config("1.7b")))
        return checkpoint_config(Fields.read(main), Fields.read(codec))


if __name__ == "__main__":
    sys.exit(main())
