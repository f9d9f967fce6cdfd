"""A checkpoint's tensors, read one by one straight to the device they are used on.

Reading, rather than mapping the file into memory, keeps what the host holds at any time to one block of 64 MiB beside what
was taken to the CPU; a mapped file would count once more, page by page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import FileIO
from pathlib import Path

import torch

from worker.model.errors import CheckpointError
from worker.model.safetensors_file import StoredTensor, read_header
from worker.model.shards import is_sharded, shard_map, weight_files

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}
BLOCK_BYTES = 64 * 2**20


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """What model.safetensors, or the shards in its index, hold: headers alone are read.

    Raises CheckpointError for a file that is missing, cut off, broken, or no safetensors file.
    """
    stored: dict[str, StoredTensor] = {}
    for file in weight_files(folder):
        stored |= read_header(file)
    if is_sharded(folder):
        shard_of = shard_map(folder)
        for name in shard_of.values:
            if name not in stored:
                raise shard_of.error(name, f"names {shard_of.values[name]}, which lacks the tensor; fetch both files again")
    return stored


@dataclass(frozen=True)
class TensorFile:
    """The tensors of `folder`, by the names of qwen-tts's modules. `take` brings one to `device` in `dtype`; one thread takes."""

    folder: Path
    stored: Mapping[str, StoredTensor]
    device: torch.device
    dtype: torch.dtype

    @classmethod
    def open(cls, folder: Path, device: torch.device | str, dtype: torch.dtype) -> "TensorFile":
        """Reads headers alone. Raises CheckpointError as `stored_tensors` does."""
        return cls(folder, stored_tensors(folder), torch.device(device), dtype)

    def __contains__(self, name: object) -> bool:
        return name in self.stored

    def names(self) -> list[str]:
        return sorted(self.stored)

    def take(self, name: str, dtype: torch.dtype | None = None) -> torch.Tensor:
        """A tensor of its own, contiguous, in `dtype` (None: that of the whole file).

        Raises CheckpointError where there is no such tensor, or the file became shorter since it was opened.
        """
        stored = self.stored.get(name)
        if stored is None:
            raise CheckpointError(f"{self.folder} has no tensor {name}; is it the checkpoint of another kind or version?")
        taken = torch.empty(stored.shape, dtype=dtype or self.dtype, device=self.device)
        flat, done = taken.view(-1), 0
        for block in self._blocks(stored):
            values = block.view(DTYPES[stored.dtype])
            flat[done:done + len(values)].copy_(values)
            done += len(values)
        return taken

    def _blocks(self, stored: StoredTensor) -> Iterator[torch.Tensor]:
        """Its bytes [n] uint8, at most BLOCK_BYTES at a time; each is overwritten by the next."""
        with stored.file.open("rb", buffering=0) as opened:
            opened.seek(stored.offset_bytes)
            for start in range(0, stored.n_bytes, BLOCK_BYTES):
                block = self._block[:min(BLOCK_BYTES, stored.n_bytes - start)]
                _fill(block, opened, stored.file)
                yield block

    @cached_property
    def _block(self) -> torch.Tensor:
        # Pinned, the copy to a GPU runs at the bus's speed.
        return torch.empty(BLOCK_BYTES, dtype=torch.uint8, pin_memory=self.device.type == "cuda")


def _fill(block: torch.Tensor, opened: FileIO, file: Path) -> None:
    left = block.numpy().data
    while left:
        n_read = opened.readinto(left)
        if not n_read:
            raise CheckpointError(f"{file} ended early: it was replaced or cut while it was read. Fetch it again.")
        left = left[n_read:]
