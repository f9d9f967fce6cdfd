"""A checkpoint, opened: what it is, how it wants to be sampled, where its weights lie. Cheap: no tensor is read.

Everything that can be wrong with the files is found here, before memory is taken or a GPU is touched.
"""

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from worker.model.config import CheckpointConfig
from worker.model.config_file import checkpoint_config
from worker.model.errors import CheckpointError
from worker.model.fields import Fields
from worker.model.mimi_shapes import encoder_shapes
from worker.model.safetensors_file import StoredTensor
from worker.model.sampling import GREEDY, Draw, Sampling
from worker.model.tensor_shapes import Shapes, decoder_shapes, main_shapes
from worker.model.weights import TensorFile, stored_tensors

CODEC_FOLDER = "speech_tokenizer"
TOKENIZER_FILES = ("vocab.json", "merges.txt", "tokenizer_config.json")
FLOATS = ("F32", "BF16", "F16", "F64")
SAMPLE_BYTES = 4096

MOST_TOP_K = 2**31 - 1
LEAST_TEMPERATURE, MOST_TEMPERATURE = 1e-3, 100.0
"""Kernels draw in float32 and count in 32 bits: beyond these, no step of the engine succeeds. 0 is greedy."""


@dataclass(frozen=True)
class Checkpoint:
    """`sampling` is the checkpoint's own default (generation_config.json). `revision` is a short hash of its files: it changes
    with weights, sizes and text tokens, not with the folder or the number of files."""

    folder: Path
    config: CheckpointConfig
    sampling: Sampling
    revision: str
    stored_main: Mapping[str, StoredTensor] = field(repr=False)
    stored_codec: Mapping[str, StoredTensor] = field(repr=False)

    def main(self, device: torch.device | str, dtype: torch.dtype) -> TensorFile:
        """Talker, code predictor and (Base) speaker encoder."""
        return TensorFile(self.folder, self.stored_main, torch.device(device), dtype)

    def codec(self, device: torch.device | str, dtype: torch.dtype) -> TensorFile:
        """What turns codes into sound ("decoder."), and sound into codes ("encoder.")."""
        return TensorFile(self.folder / CODEC_FOLDER, self.stored_codec, torch.device(device), dtype)

    def weight_bytes(self, dtype: torch.dtype, codec_dtype: torch.dtype | None = None) -> int:
        """Memory of all tensors that are used, in `dtype`; the codec's in `codec_dtype` where that is another."""
        codec_dtype = codec_dtype or dtype
        main = sum(math.prod(shape) for shape in main_shapes(self.config).values())
        codec = sum(math.prod(shape) for shape in _used_codec_shapes(self.config).values())
        return main * dtype.itemsize + codec * codec_dtype.itemsize


def open_checkpoint(folder: Path) -> Checkpoint:
    """Raises CheckpointError saying which file, which field or tensor, what was found and what is expected."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no directory, expected that of a Qwen3-TTS checkpoint.")
    codec_folder = folder / CODEC_FOLDER
    config = checkpoint_config(Fields.read(folder / "config.json"), Fields.read(codec_folder / "config.json"))
    for name in TOKENIZER_FILES:
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder / name} is missing; the text can't be read without it. Fetch the checkpoint whole.")
    main, codec = stored_tensors(folder), stored_tensors(codec_folder)
    _check_tensors(main_shapes(config), main, folder)
    _check_tensors(_used_codec_shapes(config), codec, codec_folder)
    return Checkpoint(
        folder=folder,
        config=config,
        sampling=_sampling(Fields.read(folder / "generation_config.json")),
        revision=_revision(folder, main, codec),
        stored_main=main,
        stored_codec=codec,
    )


def _used_codec_shapes(config: CheckpointConfig) -> Shapes:
    """Only a Base checkpoint encodes sound. Mimi's flag "initialized" is for training."""
    if config.kind != "base":
        return decoder_shapes(config.codec)
    encoder = encoder_shapes(config.codec.encoder)
    return decoder_shapes(config.codec) | {
        name: shape for name, shape in encoder.items() if not name.endswith(".codebook.initialized")
    }


def _check_tensors(expected: Shapes, stored: Mapping[str, StoredTensor], folder: Path) -> None:
    for name, shape in expected.items():
        found = stored.get(name)
        if found is None:
            raise CheckpointError(f"{folder} has no tensor {name}, which config.json calls for, with the shape {list(shape)}. "
                                  "Are both files of one checkpoint?")
        if found.shape != shape:
            raise CheckpointError(f"{found.file}: {name} has the shape {list(found.shape)}, config.json calls for "
                                  f"{list(shape)}. Are both files of one checkpoint?")
        if found.dtype not in FLOATS:
            raise CheckpointError(f"{found.file}: {name} is of dtype {found.dtype}, expected one of {', '.join(FLOATS)}; "
                                  "quantized checkpoints are not supported.")


def _sampling(fields: Fields) -> Sampling:
    """Where the file is silent, qwen-tts's own defaults hold, which are those of the data classes."""
    penalty = fields.number("repetition_penalty", default=Sampling.repetition_penalty)
    if penalty == 0:
        raise fields.error("repetition_penalty", "is 0, expected a number above 0: logits are divided by it")
    return Sampling(
        talker=_draw(fields, "do_sample", ""),
        predictor=_draw(fields, "subtalker_dosample", "subtalker_"),
        repetition_penalty=penalty,
    )


def _draw(fields: Fields, switch: str, prefix: str) -> Draw:
    if not fields.flag(switch, default=True):
        return GREEDY
    temperature = fields.number(f"{prefix}temperature", most=MOST_TEMPERATURE, default=Draw.temperature)
    if 0 < temperature < LEAST_TEMPERATURE:
        raise fields.error(f"{prefix}temperature", f"is {temperature}, expected 0 or at least {LEAST_TEMPERATURE:g}")
    return Draw(
        temperature=temperature,
        top_k=fields.integer(f"{prefix}top_k", least=0, most=MOST_TOP_K, default=Draw.top_k),
        top_p=fields.number(f"{prefix}top_p", default=Draw.top_p),
    )


def _revision(folder: Path, *files: Mapping[str, StoredTensor]) -> str:
    """A hash of the small files and of three blocks of every tensor: trained weights differ everywhere, and reading all of
    them would take as long as loading them."""
    digest = hashlib.sha256()
    for name in ("config.json", "generation_config.json", f"{CODEC_FOLDER}/config.json", *TOKENIZER_FILES):
        digest.update((folder / name).read_bytes())
    for stored in files:
        for name in sorted(stored):
            tensor = stored[name]
            digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
            for block in _samples(tensor):
                digest.update(block)
    return digest.hexdigest()[:12]


def _samples(tensor: StoredTensor) -> list[bytes]:
    last = max(tensor.n_bytes - SAMPLE_BYTES, 0)
    with tensor.file.open("rb", buffering=0) as opened:
        return [
            os.pread(opened.fileno(), min(SAMPLE_BYTES, tensor.n_bytes), tensor.offset_bytes + start)
            for start in sorted({0, last // 2, last})
        ]
