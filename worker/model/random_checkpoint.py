"""Checkpoints of random weights in the layout of the published repositories, which qwen-tts itself loads: the tiny one for
tests, the real sizes for measuring speed, which does not depend on what the weights are.

They speak noise. Values are scaled so that activations stay around one and the waveform inside [-1, 1], as in a trained model.
"""

import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from worker.model.config import Kind
from worker.model.config_file import checkpoint_config
from worker.model.fields import Fields
from worker.model.random_config import FEATURES, GENERATION, Json, Size, codec_config, main_config
from worker.model.random_tokenizer import write_tokenizer
from worker.model.safetensors_file import write_tensors
from worker.model.tensor_shapes import Shapes, codec_shapes, main_shapes

SAFETENSORS_DTYPES = {torch.float32: "F32", torch.bfloat16: "BF16"}


def write_random_checkpoint(folder: Path, *, size: Size, kind: Kind, seed: int = 0, device: str = "cpu") -> None:
    """Make `folder` a checkpoint. Main weights are bfloat16 (tiny: float32), the codec's float32, as published.

    The tiny one has the same bytes on every machine and with every version of torch; real sizes are drawn on `device`,
    in seconds on a GPU. A tensor depends on its name, shape and `seed` alone: all kinds share their talker.
    """
    (folder / "speech_tokenizer").mkdir(parents=True, exist_ok=True)
    _write_json_files(folder, size, kind)
    write_tokenizer(folder)
    config = checkpoint_config(Fields.read(folder / "config.json"), Fields.read(folder / "speech_tokenizer" / "config.json"))
    noise: Noise = StableNoise(seed) if size == "tiny" else DeviceNoise(seed, torch.device(device))
    main_dtype = torch.float32 if size == "tiny" else torch.bfloat16
    _write_weights(folder / "model.safetensors", main_shapes(config), noise, main_dtype)
    _write_weights(folder / "speech_tokenizer" / "model.safetensors", codec_shapes(config.codec), noise, torch.float32)


def _write_json_files(folder: Path, size: Size, kind: Kind) -> None:
    files: dict[str, Json] = {
        "config.json": main_config(size, kind),
        "generation_config.json": GENERATION,
        "preprocessor_config.json": {"processor_class": "Qwen3TTSProcessor"},
        "speech_tokenizer/config.json": codec_config(size),
        "speech_tokenizer/preprocessor_config.json": FEATURES,
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


class Noise(Protocol):
    def draw(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        """float32, mean 0, standard deviation 1; the same for the same name and shape."""
        ...


@dataclass(frozen=True)
class StableNoise:
    """Even noise from PCG64's raw bits (O'Neill 2014), which numpy promises never to change; its normal draws may change."""

    seed: int

    def draw(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        bits = np.random.PCG64([self.seed, zlib.crc32(name.encode())]).random_raw(math.prod(shape))
        even = (bits >> np.uint64(11)) * 2.0**-53 - 0.5    # in [-1/2, 1/2), variance 1/12
        return torch.from_numpy((even * math.sqrt(12)).astype(np.float32).reshape(shape))


@dataclass(frozen=True)
class DeviceNoise:
    """Normal noise from the device's own generator."""

    seed: int
    device: torch.device

    def draw(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        generator = torch.Generator(self.device).manual_seed(self.seed << 32 | zlib.crc32(name.encode()))
        return torch.randn(shape, generator=generator, device=self.device)


def _write_weights(file: Path, shapes: Shapes, noise: Noise, dtype: torch.dtype) -> None:
    def each() -> Iterator[bytes]:
        for name, shape in shapes.items():
            mean, deviation = _scale(name, shape)
            values = noise.draw(name, shape).mul_(deviation).add_(mean) if deviation else torch.full(shape, mean)
            yield values.to(dtype).cpu().flatten().view(torch.uint8).numpy().tobytes()

    write_tensors(file, shapes, SAFETENSORS_DTYPES[dtype], each())


def _scale(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Mean and standard deviation. Matrices get 1/√fan-in, which keeps the deviation of what passes through them."""
    if name.endswith(("cluster_usage", "initialized")):
        return 1.0, 0.0
    if name.endswith(("embedding_sum", "embed_sum")):
        return 0.0, 1.0
    if name.endswith("text_embedding.weight"):
        return 0.0, 0.1       # as loud after its projection as a sum of sixteen code embeddings
    if "codec_embedding" in name:
        return 0.0, 0.02
    if name.endswith(".bias"):
        return 0.0, 0.01
    if name.endswith((".alpha", ".beta", ".gamma")):
        return 0.0, 0.1       # alpha and beta are logarithms
    if name.endswith("layer_scale.scale"):
        return 0.3, 0.0
    if len(shape) == 1:
        return 1.0, 0.05      # norms
    return 0.0, _gain(name, shape) / math.sqrt(_fan_in(name, shape))


def _gain(name: str, shape: tuple[int, ...]) -> float:
    """Below one in the codec's decoder, where four blocks of three residual units each would add up to a clipped waveform."""
    if not name.startswith("decoder.decoder."):
        return 1.0
    if shape[0] == 1:
        return 0.15           # the last convolution: a waveform of about 0.2
    return 0.25 if ".conv2." in name else 0.8


def _fan_in(name: str, shape: tuple[int, ...]) -> int:
    """How many products each output adds up. A transposed convolution [in, out, taps] has two taps a sample, or one."""
    if re.search(r"decoder\.decoder\.\d+\.block\.1\.conv\.weight$", name):
        return 2 * shape[0]
    if re.search(r"decoder\.upsample\.\d+\.0\.conv\.weight$", name):
        return shape[0]
    return math.prod(shape[1:])
