"""Random checkpoints have the published layout, and the tiny one the same bytes everywhere."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from tests.unit.model.conftest import TinyCheckpoint
from worker.model.config import CheckpointConfig, Kind
from worker.model.config_file import checkpoint_config
from worker.model.fields import Fields
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.random_config import Size, codec_config, main_config
from worker.model.tensor_shapes import codec_shapes, main_shapes

KINDS: tuple[Kind, ...] = ("custom_voice", "voice_design", "base")

REAL_SIZES: tuple[tuple[Size, Kind, int, int], ...] = (
    ("0.6b", "custom_voice", 402, 905_788_672),
    ("0.6b", "base", 478, 914_643_008),
    ("1.7b", "custom_voice", 404, 1_916_676_352),
    ("1.7b", "voice_design", 404, 1_916_676_352),
    ("1.7b", "base", 480, 1_928_677_440),
)
CODEC_PARAMETERS = 170_557_441

HASHES = {
    "model.safetensors": "9b153b18182d0da28737dbb3a01e5b4afdcf83aa0e05e652a6935bf803a12834",
    "speech_tokenizer/model.safetensors": "6f99e5126adeba70a12cbd217721598288cb5539a82dc9d5e8ddf2ed7a9d1d81",
    "vocab.json": "f60b9c55baf07a50cc65daaf8440404d33f5a8626505d41aa8aaaa42b32cfced",
    "merges.txt": "e8af9fd9fc2c4b3c056249c60703125da4f8c542b06deb765916ae27aa10c036",
}
"""Stored expectations elsewhere were made with these very bytes."""


def config_of(size: Size, kind: Kind) -> CheckpointConfig:
    return checkpoint_config(Fields(Path("config.json"), main_config(size, kind)), Fields(Path("codec.json"), codec_config(size)))


@pytest.mark.parametrize("kind", KINDS)
def test_tiny_weights_have_the_shapes_that_the_config_calls_for(kind: Kind, tiny_checkpoint: TinyCheckpoint) -> None:
    main = load_file(tiny_checkpoint(kind) / "model.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in main.items()} == main_shapes(config_of("tiny", kind))
    assert {tensor.dtype for tensor in main.values()} == {torch.float32}


def test_real_sizes_are_those_of_the_published_checkpoints() -> None:
    """Numbers of tensors and parameters of qwen-tts's own modules at these sizes."""
    for size, kind, n_tensors, n_parameters in REAL_SIZES:
        shapes = main_shapes(config_of(size, kind))
        assert (len(shapes), sum(torch.Size(shape).numel() for shape in shapes.values())) == (n_tensors, n_parameters)
    codec = codec_shapes(config_of("1.7b", "base").codec)
    assert (len(codec), sum(torch.Size(shape).numel() for shape in codec.values())) == (496, CODEC_PARAMETERS)


def test_the_same_seed_gives_the_same_bytes_on_every_machine(tiny_checkpoint: TinyCheckpoint) -> None:
    folder = tiny_checkpoint("base")
    assert {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in HASHES} == HASHES


def test_another_seed_gives_other_weights(tiny_checkpoint: TinyCheckpoint, tmp_path: Path) -> None:
    write_random_checkpoint(tmp_path, size="tiny", kind="voice_design", seed=1)
    ours = load_file(tiny_checkpoint("voice_design") / "model.safetensors")
    others = load_file(tmp_path / "model.safetensors")
    name = "talker.codec_head.weight"
    assert not torch.equal(ours[name], others[name])
    assert abs(float(ours[name].std() / others[name].std()) - 1) < 0.01


def test_all_kinds_share_their_talker(tiny_checkpoint: TinyCheckpoint) -> None:
    base = load_file(tiny_checkpoint("base") / "model.safetensors")
    custom = load_file(tiny_checkpoint("custom_voice") / "model.safetensors")
    assert all(torch.equal(base[name], tensor) for name, tensor in custom.items())


def test_the_tokenizer_has_qwens_ids_where_prompts_depend_on_them(tiny_checkpoint: TinyCheckpoint) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint("custom_voice"))
    assert tokenizer.encode("<|im_start|>assistant\n") == [151644, 77091, 198]
    assert tokenizer.encode("<|im_start|>user\n") == [151644, 872, 198]
    assert tokenizer.convert_tokens_to_ids(["<|im_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>"]) == [
        151645, 151671, 151672, 151673,
    ]


@pytest.mark.parametrize("text", ["hello world, the voice is very good today", "Grüße! 你好 😀\n\n 2005", "  two  spaces "])
def test_every_text_survives_the_tokenizer(text: str, tiny_checkpoint: TinyCheckpoint) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint("custom_voice"))
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert max(ids) < 151643


def test_files_are_those_of_the_published_repositories(tiny_checkpoint: TinyCheckpoint) -> None:
    folder = tiny_checkpoint("base")
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "config.json", "generation_config.json", "merges.txt", "model.safetensors", "preprocessor_config.json",
        "speech_tokenizer/config.json", "speech_tokenizer/model.safetensors", "speech_tokenizer/preprocessor_config.json",
        "tokenizer_config.json", "vocab.json",
    ]
    assert len(json.loads((folder / "vocab.json").read_text())) == 151643
