"""The safetensors format (https://huggingface.co/docs/safetensors): eight bytes with the header's length, a JSON header with
each tensor's dtype, shape and place, then the tensors' bytes. No torch.

Read here rather than through the safetensors package: that maps the file into memory, where its pages count as ours beside
the copy on the GPU; and its errors name neither the file nor a cure.
"""

import json
import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from worker.model.errors import CheckpointError

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
LONGEST_HEADER_BYTES = 100_000_000
"""The format's own limit; past it, the first eight bytes are no length."""

LENGTH = struct.Struct("<Q")
LARGE_FILE_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies: `offset_bytes` from the file's first byte."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset_bytes: int
    n_bytes: int


def read_header(file: Path) -> dict[str, StoredTensor]:
    """What the file holds, by name. Raises CheckpointError where it is missing, cut off or something else."""
    try:
        with file.open("rb") as opened:
            size_bytes = file.stat().st_size
            header, data_start = _header(file, opened, size_bytes)
    except FileNotFoundError:
        raise CheckpointError(_missing(file)) from None
    except OSError as error:
        raise CheckpointError(f"{file} can't be read: {error.strerror}.") from error
    stored = dict(_places(file, header, data_start))
    ends = max((tensor.offset_bytes + tensor.n_bytes for tensor in stored.values()), default=data_start)
    if size_bytes < ends:
        raise CheckpointError(f"{file} is cut off: it has {size_bytes:,} bytes, its header speaks of {ends:,}. "
                              "Its download or copy did not finish: delete it and fetch it again.")
    return stored


def _header(file: Path, opened: BinaryIO, size_bytes: int) -> tuple[dict[str, object], int]:
    start = opened.read(LENGTH.size)
    if start and LARGE_FILE_POINTER.startswith(start):
        raise CheckpointError(f"{file} is a Git LFS pointer, not the weights: run `git lfs pull` where it was cloned, or fetch "
                              "the checkpoint from the hub.")
    broken = CheckpointError(f"{file} is no safetensors file, or a broken one: delete it and fetch it again.")
    if len(start) < LENGTH.size:
        raise broken
    (n_bytes,) = LENGTH.unpack(start)
    if not 2 <= n_bytes <= LONGEST_HEADER_BYTES:
        raise broken
    if LENGTH.size + n_bytes > size_bytes:
        raise CheckpointError(f"{file} is cut off inside its header: delete it and fetch it again.")
    try:
        header = json.loads(opened.read(n_bytes))
    except (ValueError, RecursionError):
        raise broken from None
    if not isinstance(header, dict):
        raise broken
    return header, LENGTH.size + n_bytes


def _places(file: Path, header: Mapping[str, object], data_start: int) -> Iterator[tuple[str, StoredTensor]]:
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        match entry:
            case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(begin), int(end)]} if (
                dtype in ITEM_BYTES and all(type(length) is int and length >= 0 for length in shape)
                and begin >= 0 and end - begin == math.prod(shape) * ITEM_BYTES[dtype]
            ):
                yield name, StoredTensor(file, dtype, tuple(shape), data_start + begin, end - begin)
            case _:
                raise CheckpointError(f"{file}: the header's entry for {name} makes no sense: {entry!r}. Expected a dtype of "
                                      f"{', '.join(ITEM_BYTES)}, a shape, and offsets that fit both. Fetch the file again.")


def _missing(file: Path) -> str:
    unfinished = sorted(file.parent.glob("*.incomplete"))
    if unfinished:
        return f"{file} is missing, but {unfinished[0]} is there: its download did not finish. Fetch it again; it goes on."
    return f"{file} is missing; a Qwen3-TTS checkpoint has it. Fetch the checkpoint whole."


def write_tensors(file: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str, tensors: Iterable[bytes]) -> None:
    """`tensors` in the order of `shapes`, drawn one by one, so that only one is in memory."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in shapes.items():
        end = offset + math.prod(shape) * ITEM_BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)    # tensors start at a multiple of eight bytes, as the format wants it
    with file.open("wb") as opened:
        opened.write(LENGTH.pack(len(encoded)) + encoded)
        for tensor in tensors:
            opened.write(tensor)
