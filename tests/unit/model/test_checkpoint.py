"""A good checkpoint opens; a bad one says which file and field, and what would be right."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.unit.model.conftest import TinyCheckpoint
from worker.model.checkpoint import open_checkpoint
from worker.model.config import Kind
from worker.model.errors import CheckpointError
from worker.model.sampling import Draw, Sampling

MAIN = "config.json"
CODEC = "speech_tokenizer/config.json"
GENERATION = "generation_config.json"


@pytest.fixture
def copy(tiny_checkpoint: TinyCheckpoint, tmp_path: Path) -> Callable[[Kind], Path]:
    """A checkpoint that a test may change."""
    return lambda kind: Path(shutil.copytree(tiny_checkpoint(kind), tmp_path / "copy"))


def change(folder: Path, file: str, path: str, value: object) -> None:
    """Set a field, "a.b"; `value` ... takes it away."""
    content = json.loads((folder / file).read_text())
    *sections, last = path.split(".")
    place: dict[str, Any] = content
    for section in sections:
        place = place[section]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    (folder / file).write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["custom_voice", "voice_design", "base"])
def test_a_checkpoint_of_each_kind_opens(kind: Kind, tiny_checkpoint: TinyCheckpoint) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(kind))
    config = checkpoint.config
    assert config.kind == kind
    assert config.talker.hidden_size == 64
    assert config.predictor.hidden_size == 32
    assert (config.tokens.codec_eos, config.tokens.tts_eos) == (2150, 151673)
    assert config.languages["english"] == 2050
    assert (config.speaker_encoder is not None) == (kind == "base")
    assert checkpoint.main("cpu", torch.float32).take("talker.model.norm.weight").shape == (64,)
    assert "decoder.pre_conv.conv.weight" in checkpoint.codec("cpu", torch.float32)


def test_speakers_and_their_dialects_are_read(tiny_checkpoint: TinyCheckpoint) -> None:
    config = open_checkpoint(tiny_checkpoint("custom_voice")).config
    assert len(config.speakers) == 9
    assert config.speakers["vivian"] == 3065
    assert config.dialects == {"eric": "sichuan_dialect", "dylan": "beijing_dialect"}
    assert set(config.dialects.values()) <= set(config.languages)


def test_sampling_defaults_are_those_of_the_checkpoint(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    assert open_checkpoint(folder).sampling == Sampling()
    change(folder, GENERATION, "temperature", 0.7)
    change(folder, GENERATION, "subtalker_top_k", 20)
    change(folder, GENERATION, "subtalker_top_p", 0.8)
    change(folder, GENERATION, "repetition_penalty", 1.2)
    changed = open_checkpoint(folder).sampling
    assert changed == Sampling(talker=Draw(temperature=0.7), predictor=Draw(top_k=20, top_p=0.8), repetition_penalty=1.2)
    change(folder, GENERATION, "do_sample", False)
    assert open_checkpoint(folder).sampling.talker.temperature == 0
    (folder / GENERATION).write_text("{}")
    assert open_checkpoint(folder).sampling == Sampling()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1])
@pytest.mark.parametrize("name", ["temperature", "subtalker_top_p", "repetition_penalty"])
def test_sampling_that_no_code_can_be_drawn_with_is_refused(name: str, value: float, copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    change(folder, GENERATION, name, value)
    with pytest.raises(CheckpointError, match=f"{name} is {value}"):
        open_checkpoint(folder)


def test_a_repetition_penalty_of_zero_is_refused(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    change(folder, GENERATION, "repetition_penalty", 0)
    with pytest.raises(CheckpointError, match="repetition_penalty is 0, expected a number above 0"):
        open_checkpoint(folder)


def test_names_of_dialects_are_known_in_any_case(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    change(folder, MAIN, "talker_config.codec_language_id.Wu_Dialect", 2060)
    change(folder, MAIN, "talker_config.spk_is_dialect.eric", "Wu_Dialect")
    config = open_checkpoint(folder).config
    assert config.languages[config.dialects["eric"]] == 2060


def test_a_speaker_encoder_is_mostly_defaults_as_published(copy: Callable[[Kind], Path]) -> None:
    folder = copy("base")
    change(folder, MAIN, "speaker_encoder_config", {"enc_dim": 64, "sample_rate": 24000})
    with pytest.raises(CheckpointError, match=r"speaker_encoder\.blocks\.0.*\[512, 128, 5\]"):
        open_checkpoint(folder)    # the tiny one's tensors are smaller than the defaults say


@pytest.mark.parametrize(
    ("file", "field", "value", "expected"),
    [
        (MAIN, "model_type", "llama", r"model_type is 'llama', expected 'qwen3_tts'"),
        (MAIN, "model_type", ..., r"model_type is missing, expected 'qwen3_tts'"),
        (MAIN, "tokenizer_type", "qwen3_tts_tokenizer_25hz", "expected 'qwen3_tts_tokenizer_12hz'"),
        (MAIN, "tts_model_type", "singer", "expected one of custom_voice, voice_design, base"),
        (MAIN, "tts_pad_token_id", 200_000, "tts_pad_token_id is 200000, expected less than 151936"),
        (MAIN, "im_start_token_id", ..., "im_start_token_id is missing, expected an integer"),
        (MAIN, "talker_config", ..., "talker_config is missing, expected an object"),
        (MAIN, "talker_config.hidden_size", "64", r"talker_config\.hidden_size is '64', expected an integer of at least 1"),
        (MAIN, "talker_config.hidden_size", True, "expected an integer"),
        (MAIN, "talker_config.head_dim", 15, "head_dim is 15, expected a power of two"),
        (MAIN, "talker_config.code_predictor_config.head_dim", 24, "head_dim is 24, expected a power of two"),
        (MAIN, "talker_config.num_key_value_heads", 3, "expected a divisor of num_attention_heads, 4"),
        (MAIN, "talker_config.num_code_groups", 32, "num_code_groups is 32, expected 16"),
        (MAIN, "talker_config.attention_bias", True, "attention_bias is True, expected False"),
        (MAIN, "talker_config.hidden_act", "gelu", "hidden_act is 'gelu', expected 'silu'"),
        (MAIN, "talker_config.rope_scaling", {"rope_type": "yarn"}, r"rope_scaling\.rope_type is 'yarn', expected 'default'"),
        (MAIN, "talker_config.num_hidden_layers", 1_000_000, "num_hidden_layers is 1000000, expected at most 1000"),
        (CODEC, "decoder_config.num_hidden_layers", 1_000_000, "num_hidden_layers is 1000000, expected at most 1000"),
        pytest.param(MAIN, "talker_config.rope_theta", 10**400, "rope_theta is 10{400}, expected a number", id="400 digits"),
        (MAIN, "talker_config.rope_theta", ..., "rope_theta is missing, expected a number"),
        (MAIN, "talker_config.vocab_size", 4096, "expected 2048 codes of the codec and 1024 special ones"),
        (MAIN, "talker_config.spk_id", {}, "spk_is_dialect names .*, expected speakers in spk_id|spk_id names no speaker"),
        (MAIN, "talker_config.spk_id.vivian", 5000, r"spk_id\.vivian is 5000, expected less than 3072"),
        (MAIN, "talker_config.codec_language_id", {}, r"spk_is_dialect\.eric is 'sichuan_dialect', expected false or a name in"),
        (MAIN, "talker_config.spk_is_dialect.eric", True, "expected false or a name in codec_language_id"),
        (MAIN, "talker_config.code_predictor_config.vocab_size", 1024, "expected 2048, the codec's codebook_size"),
        (CODEC, "model_type", "qwen3_tts_tokenizer_25hz", "expected 'qwen3_tts_tokenizer_12hz'"),
        (CODEC, "output_sample_rate", 16000, "output_sample_rate is 16000, expected 24000"),
        (CODEC, "decoder_config.upsample_rates", [8, 5, 4], "upsamples 640 times .*, expected 1920"),
        (CODEC, "decoder_config.upsample_rates", "8543", "expected a list of positive integers"),
        (CODEC, "decoder_config.sliding_window", 0, "sliding_window is 0, expected an integer of at least 1"),
        (CODEC, "encoder_config", ..., "encoder_config is missing, expected an object"),
        (GENERATION, "top_k", -1, "top_k is -1, expected an integer of at least 0"),
        (GENERATION, "top_k", 2**31, "top_k is 2147483648, expected at most 2147483647"),
        (GENERATION, "subtalker_top_k", 2**31, "subtalker_top_k is 2147483648, expected at most 2147483647"),
        (GENERATION, "temperature", "hot", "temperature is 'hot', expected a number"),
        (GENERATION, "temperature", 1e300, r"temperature is 1e\+300, expected a number of at least 0 and at most 100"),
        (GENERATION, "subtalker_temperature", 1e-40, "subtalker_temperature is 1e-40, expected 0 or at least 0.001"),
        (GENERATION, "do_sample", 1, "do_sample is 1, expected true or false"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(
    file: str, field: str, value: object, expected: str, copy: Callable[[Kind], Path],
) -> None:
    folder = copy("custom_voice")
    change(folder, file, field, value)
    with pytest.raises(CheckpointError, match=expected) as refusal:
        open_checkpoint(folder)
    assert str(folder / file) in refusal.value.message


@pytest.mark.parametrize("file", [
    MAIN, GENERATION, CODEC, "vocab.json", "merges.txt", "tokenizer_config.json", "model.safetensors",
    "speech_tokenizer/model.safetensors",
])
def test_a_missing_file_is_named(file: str, copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    (folder / file).unlink()
    with pytest.raises(CheckpointError, match="is missing") as refusal:
        open_checkpoint(folder)
    assert str(folder / file) in refusal.value.message


def test_a_config_that_is_no_json_or_no_object_is_named(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    (folder / MAIN).write_text('{"half": ')
    with pytest.raises(CheckpointError, match=r"config\.json is not JSON"):
        open_checkpoint(folder)
    (folder / MAIN).write_text("[]")
    with pytest.raises(CheckpointError, match=r"config\.json holds a JSON list, expected an object"):
        open_checkpoint(folder)


def test_json_that_is_nested_without_end_is_no_json(copy: Callable[[Kind], Path]) -> None:
    folder, deep = copy("custom_voice"), '{"a":' + "[" * 200_000 + "]" * 200_000 + "}"
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(deep)) + deep.encode())
    with pytest.raises(CheckpointError, match=r"model\.safetensors is no safetensors file, or a broken one"):
        open_checkpoint(folder)
    (folder / MAIN).write_text(deep)
    with pytest.raises(CheckpointError, match=r"config\.json is not JSON"):
        open_checkpoint(folder)


@pytest.mark.parametrize(("field", "value", "expected"), [
    ("num_quantizers", 1_000_000, "num_quantizers is 1000000, expected at most 1000"),
    ("num_quantizers", 8, "num_quantizers is 8, expected an integer of at least 16"),
    ("num_semantic_quantizers", 20, "num_semantic_quantizers is 20, expected 1"),
    ("codebook_size", 1024, "codebook_size is 1024, expected 2048, that of decoder_config"),
    ("hidden_act", "nope", "hidden_act is 'nope', expected 'gelu'"),
    ("pad_mode", "nope", "pad_mode is 'nope', expected 'constant'"),
    ("use_causal_conv", False, "use_causal_conv is False, expected True"),
    ("sampling_rate", 16000, "sampling_rate is 16000, expected 24000"),
    ("norm_eps", "x", "norm_eps is 'x', expected a number"),
    ("rope_theta", 0, "rope_theta is 0, expected a number of at least 1"),
    ("rope_scaling", {"rope_type": "yarn"}, "rope_scaling is .*, expected None"),
    ("upsampling_ratios", [8, 6, 5, 2], "upsampling_ratios multiply to 480, expected 960"),
    ("num_key_value_heads", 3, "num_key_value_heads is 3, expected a divisor of num_attention_heads, 4"),
    ("head_dim", 15, "head_dim is 15, expected an even number"),
])
def test_an_encoder_that_would_fail_only_at_the_first_recording_is_refused_where_one_is_needed(
    field: str, value: object, expected: str, copy: Callable[[Kind], Path],
) -> None:
    folder = copy("base")
    change(folder, CODEC, f"encoder_config.{field}", value)
    with pytest.raises(CheckpointError, match=rf"encoder_config\.{expected}"):
        open_checkpoint(folder)
    change(folder, MAIN, "tts_model_type", "voice_design")
    open_checkpoint(folder)


@pytest.mark.parametrize("field", ["attn_implementation", "_attn_implementation", "dtype", "anything"])
def test_nothing_unknown_in_an_encoder_config_is_kept(field: str, copy: Callable[[Kind], Path]) -> None:
    folder = copy("base")
    before = open_checkpoint(folder).config.codec.encoder
    change(folder, CODEC, f"encoder_config.{field}", "someone/kernel")
    assert open_checkpoint(folder).config.codec.encoder == before


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="gone is no directory"):
        open_checkpoint(tmp_path / "gone")


def test_tensors_must_have_the_shapes_that_the_config_calls_for(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    change(folder, MAIN, "talker_config.intermediate_size", 256)
    with pytest.raises(CheckpointError, match=r"mlp\.gate_proj\.weight has the shape \[128, 64\].* \[256, 64\]"):
        open_checkpoint(folder)
    change(folder, MAIN, "talker_config.intermediate_size", 128)
    change(folder, MAIN, "talker_config.num_hidden_layers", 3)
    with pytest.raises(CheckpointError, match=r"has no tensor talker\.model\.layers\.2\.self_attn\.q_proj\.weight"):
        open_checkpoint(folder)


def test_quantized_weights_are_refused(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    tensors = load_file(folder / "model.safetensors")
    tensors["talker.codec_head.weight"] = tensors["talker.codec_head.weight"].to(torch.int8)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"talker\.codec_head\.weight is of dtype I8, .* quantized"):
        open_checkpoint(folder)


def test_a_custom_voice_checkpoint_needs_no_encoder_and_a_base_one_does(copy: Callable[[Kind], Path]) -> None:
    folder = copy("base")
    file = folder / "speech_tokenizer" / "model.safetensors"
    save_file({name: tensor for name, tensor in load_file(file).items() if name.startswith("decoder.")}, file)
    with pytest.raises(CheckpointError, match=r"has no tensor encoder\.encoder\.layers\.0\.conv\.weight"):
        open_checkpoint(folder)
    change(folder, MAIN, "tts_model_type", "voice_design")
    assert open_checkpoint(folder).config.kind == "voice_design"


def test_the_revision_changes_with_the_weights_and_the_words_and_with_nothing_else(copy: Callable[[Kind], Path]) -> None:
    folder = copy("custom_voice")
    revision = open_checkpoint(folder).revision
    assert len(revision) == 12
    moved = folder.rename(folder.with_name("moved"))
    assert open_checkpoint(moved).revision == revision
    tensors = load_file(moved / "model.safetensors")
    shard(moved, tensors)
    assert open_checkpoint(moved).revision == revision
    (moved / "model.safetensors.index.json").unlink()
    tensors["talker.model.layers.1.mlp.up_proj.weight"] += 1e-3
    save_file(tensors, moved / "model.safetensors")
    trained = open_checkpoint(moved).revision
    assert trained != revision
    (moved / "merges.txt").write_text((moved / "merges.txt").read_text() + "q q\n")
    assert open_checkpoint(moved).revision not in (trained, revision)


def shard(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    (folder / "model.safetensors").unlink()
    shard_of = {name: f"model-{number % 2 + 1}-of-2.safetensors" for number, name in enumerate(tensors)}
    for file in set(shard_of.values()):
        save_file({name: tensor for name, tensor in tensors.items() if shard_of[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shard_of}))


def test_the_weights_memory_is_known_before_loading(tiny_checkpoint: TinyCheckpoint) -> None:
    folder = tiny_checkpoint("base")
    checkpoint = open_checkpoint(folder)
    main = sum(tensor.numel() for tensor in load_file(folder / "model.safetensors").values())
    codec = sum(tensor.numel() for name, tensor in load_file(folder / "speech_tokenizer" / "model.safetensors").items()
                if not name.endswith(".initialized"))
    assert checkpoint.weight_bytes(torch.float32) == 4 * (main + codec)
    assert checkpoint.weight_bytes(torch.bfloat16, codec_dtype=torch.float32) == 2 * main + 4 * codec
