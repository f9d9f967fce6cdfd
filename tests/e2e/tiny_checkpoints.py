"""Tiny random checkpoints that a whole system speaks with in the time of a test: what they say is noise, of plausible length."""

import json
from pathlib import Path

import numpy as np

from worker.model.config import Kind
from worker.model.config_file import checkpoint_config
from worker.model.fields import Fields
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.safetensors_file import read_header

END_TOKEN_SCALE = -2.0
"""These weights would speak to the cap each time: their end token points away from where their talker goes. Turned round, and as
much louder, it comes after half a second to five seconds (16 takes)."""


def write_checkpoint(folder: Path, kind: Kind, size: str = "1b7") -> Path:
    """`size` is what config.json calls itself, which decides what the model was trained for; the weights are tiny anyhow."""
    write_random_checkpoint(folder, size="tiny", kind=kind)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tts_model_size": size}))
    head = read_header(folder / "model.safetensors")["talker.codec_head.weight"]
    end = checkpoint_config(Fields.read(folder / "config.json"),
                            Fields.read(folder / "speech_tokenizer" / "config.json")).tokens.codec_eos
    rows = np.memmap(head.file, "<f4", "r+", head.offset_bytes, head.shape)  # [codes 0, hidden]
    rows[end] *= END_TOKEN_SCALE
    rows.flush()
    return folder
