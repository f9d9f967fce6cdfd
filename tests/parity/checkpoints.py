"""The tiny checkpoints that the vectors belong to, made again wherever they are needed: by seed, so the repository holds none."""

import hashlib
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tests.parity.utterances import KINDS
from worker.model.config_file import checkpoint_config
from worker.model.fields import Fields
from worker.model.random_checkpoint import StableNoise, write_random_checkpoint
from worker.model.tensor_shapes import main_shapes

SEEDS = {"custom_voice": 11, "custom_voice_0b6": 12, "voice_design": 13, "base": 14}

END_TOKEN = 2150
END_WEIGHT = 2.5
"""Random weights draw the end token once in two thousand frames. In voice_design its head row is this much longer, so that
it wins every dozen frames and utterances end by it."""


PREDICTOR = "talker.code_predictor."


def checkpoints_within(root: Path) -> Callable[[str], Path]:
    """The folder of a checkpoint by its name in KINDS; each is written when it is first asked for."""
    @cache
    def written(name: str) -> Path:
        folder = root / name
        folder.mkdir()
        write_parity_checkpoint(folder, name)
        return folder

    return written


def write_parity_checkpoint(folder: Path, name: str) -> None:
    """Writes the float32 checkpoint `name`, a key of KINDS."""
    write_random_checkpoint(folder, size="tiny", kind=KINDS[name], seed=SEEDS[name])
    if name == "custom_voice_0b6":
        make_small(folder)
    if name == "voice_design":
        lengthen_end_row(folder)


def make_small(folder: Path) -> None:
    """What sets the 0.6B apart: its name, by which qwen-tts drops instructions, and a code predictor as wide as the talker,
    with no projection between them."""
    config = json.loads((folder / "config.json").read_text())
    config["tts_model_size"] = "0b6"
    config["talker_config"]["code_predictor_config"]["hidden_size"] = config["talker_config"]["hidden_size"]
    (folder / "config.json").write_text(json.dumps(config))
    files = (folder / "config.json", folder / "speech_tokenizer" / "config.json")
    shapes = main_shapes(checkpoint_config(*map(Fields.read, files)))
    weights = load_file(folder / "model.safetensors")
    widened = {name: noise(name, shape) if name.startswith(PREDICTOR) else weights[name] for name, shape in shapes.items()}
    save_file(widened, folder / "model.safetensors", metadata={"format": "pt"})


def noise(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The same on every machine; scaled as a trained weight of that name would be."""
    values: NDArray[np.float32] = StableNoise(SEEDS["custom_voice_0b6"]).draw(name, shape).numpy()
    if len(shape) == 1:
        return 1 + values * np.float32(0.05)
    return values * np.float32(0.02 if "embedding" in name else 1 / math.sqrt(shape[1]))


def lengthen_end_row(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["talker.codec_head.weight"][END_TOKEN] *= END_WEIGHT  # [3072, hidden]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def weights_sha256(folder: Path) -> str:
    """Of names, types, shapes and values in both weight files; how a file lays them out doesn't count."""
    digest = hashlib.sha256()
    for path in ("model.safetensors", "speech_tokenizer/model.safetensors"):
        for name, tensor in sorted(load_file(folder / path).items()):
            digest.update(f"{path} {name} {tensor.dtype} {tensor.shape}\n".encode())
            digest.update(tensor.tobytes())
    return digest.hexdigest()
