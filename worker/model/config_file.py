"""config.json and speech_tokenizer/config.json, read into the data classes of config.py and checked. No torch.

Every field that the engine uses is checked here, once: a checkpoint of another family, or one that uses what the engine
does not have (biased attention, scaled RoPE), is refused before a tensor is read.
"""

from collections.abc import Mapping
from typing import get_args

from worker.model.config import (
    SAMPLE_RATE_HZ,
    SAMPLES_PER_FRAME,
    CheckpointConfig,
    CodecConfig,
    Kind,
    SpeakerEncoderConfig,
    SpecialTokens,
    StackConfig,
)
from worker.model.fields import Fields
from worker.model.mimi_config import mimi_config

N_CODES = 16
N_SPECIAL_CODES = 1024
"""The last ids of code 0 are no sounds but tags; all of them but the end token are suppressed."""

SPEAKER_ENCODER_DEFAULTS: Mapping[str, object] = {
    "mel_dim": 128, "enc_channels": [512, 512, 512, 512, 1536], "enc_kernel_sizes": [5, 3, 3, 3, 1],
    "enc_dilations": [1, 2, 3, 4, 1], "enc_attention_channels": 128, "enc_res2net_scale": 8, "enc_se_channels": 128,
}
"""What qwen-tts assumes where config.json is silent; published Base checkpoints state `enc_dim` alone."""


def checkpoint_config(main: Fields, codec: Fields) -> CheckpointConfig:
    """Both files as one. Raises CheckpointError naming the file, the field, and what would be right."""
    main.expect("model_type", "qwen3_tts")
    main.expect("tokenizer_type", "qwen3_tts_tokenizer_12hz")
    kind = _kind(main)
    talker = main.section("talker_config")
    predictor = talker.section("code_predictor_config")
    talker.expect("num_code_groups", N_CODES)
    predictor.expect("num_code_groups", N_CODES)
    config = CheckpointConfig(
        kind=kind,
        size=main.text("tts_model_size"),
        talker=_stack(talker),
        predictor=_stack(predictor),
        n_codes=N_CODES,
        talker_vocab_size=talker.integer("vocab_size", least=N_SPECIAL_CODES + 1),
        predictor_vocab_size=predictor.integer("vocab_size"),
        text_vocab_size=talker.integer("text_vocab_size"),
        text_hidden_size=talker.integer("text_hidden_size"),
        tokens=_tokens(main, talker),
        languages=talker.ids("codec_language_id", below=talker.integer("vocab_size")),
        speakers=talker.ids("spk_id", below=talker.integer("vocab_size")),
        dialects=_dialects(talker),
        speaker_encoder=_speaker_encoder(main, talker.integer("hidden_size")) if kind == "base" else None,
        codec=_codec(codec, kind),
    )
    _check_together(config, main, talker, codec)
    return config


def _kind(main: Fields) -> Kind:
    found = main.text("tts_model_type")
    for kind in get_args(Kind):
        if found == kind:
            return kind  # type: ignore[no-any-return]  # get_args is untyped
    raise main.error("tts_model_type", f"is {found!r}, expected one of {', '.join(get_args(Kind))}")


def _stack(fields: Fields) -> StackConfig:
    fields.expect("hidden_act", "silu")
    fields.expect("attention_bias", False)
    fields.expect("use_sliding_window", False, default=False)
    fields.expect("tie_word_embeddings", False, default=False)
    scaling = fields.section("rope_scaling", optional=True)
    scaling.expect("rope_type", "default", default="default")
    return _attention_sizes(fields)


def _attention_sizes(fields: Fields) -> StackConfig:
    n_heads, n_kv_heads = fields.integer("num_attention_heads"), fields.integer("num_key_value_heads")
    if n_heads % n_kv_heads:
        raise fields.error("num_key_value_heads", f"is {n_kv_heads}, expected a divisor of num_attention_heads, {n_heads}")
    head_dim = fields.integer("head_dim", default=fields.integer("hidden_size") // n_heads)
    if head_dim & (head_dim - 1) or head_dim == 1:
        raise fields.error("head_dim", f"is {head_dim}, expected a power of two from 2 on, as the kernels of attention take it")
    return StackConfig(
        hidden_size=fields.integer("hidden_size"),
        intermediate_size=fields.integer("intermediate_size"),
        n_layers=fields.count("num_hidden_layers"),
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        head_dim=head_dim,
        rope_theta=fields.number("rope_theta"),
        rms_norm_eps=fields.number("rms_norm_eps"),
    )


def _tokens(main: Fields, talker: Fields) -> SpecialTokens:
    n_text, n_codes = talker.integer("text_vocab_size"), talker.integer("vocab_size")
    return SpecialTokens(
        im_start=main.identifier("im_start_token_id", below=n_text),
        im_end=main.identifier("im_end_token_id", below=n_text),
        tts_pad=main.identifier("tts_pad_token_id", below=n_text),
        tts_bos=main.identifier("tts_bos_token_id", below=n_text),
        tts_eos=main.identifier("tts_eos_token_id", below=n_text),
        codec_eos=talker.identifier("codec_eos_token_id", below=n_codes),
        codec_think=talker.identifier("codec_think_id", below=n_codes),
        codec_nothink=talker.identifier("codec_nothink_id", below=n_codes),
        codec_think_bos=talker.identifier("codec_think_bos_id", below=n_codes),
        codec_think_eos=talker.identifier("codec_think_eos_id", below=n_codes),
        codec_pad=talker.identifier("codec_pad_id", below=n_codes),
        codec_bos=talker.identifier("codec_bos_id", below=n_codes),
    )


def _dialects(talker: Fields) -> dict[str, str]:
    """spk_is_dialect maps every speaker to a dialect's name, or to false."""
    languages = talker.section("codec_language_id", optional=True)
    dialects = {}
    for speaker, dialect in talker.section("spk_is_dialect", optional=True).values.items():
        if dialect is False or dialect is None:
            continue
        if not isinstance(dialect, str) or dialect not in languages.values:
            raise talker.error(f"spk_is_dialect.{speaker}", f"is {dialect!r}, expected false or a name in codec_language_id")
        dialects[speaker.lower()] = dialect.lower()
    return dialects


def _speaker_encoder(main: Fields, hidden_size: int) -> SpeakerEncoderConfig:
    fields = main.section("speaker_encoder_config").with_defaults(SPEAKER_ENCODER_DEFAULTS)
    fields.expect("sample_rate", SAMPLE_RATE_HZ, default=SAMPLE_RATE_HZ)
    fields.expect("enc_dim", hidden_size)
    channels = fields.integers("enc_channels")
    for name in ("enc_kernel_sizes", "enc_dilations"):
        if len(fields.integers(name)) != len(channels):
            raise fields.error(name, f"has {len(fields.integers(name))} numbers, expected {len(channels)}, as enc_channels")
    return SpeakerEncoderConfig(
        mel_dim=fields.integer("mel_dim"),
        enc_dim=fields.integer("enc_dim"),
        channels=channels,
        kernel_sizes=fields.integers("enc_kernel_sizes"),
        dilations=fields.integers("enc_dilations"),
        attention_channels=fields.integer("enc_attention_channels"),
        res2net_scale=fields.count("enc_res2net_scale"),
        se_channels=fields.integer("enc_se_channels"),
    )


def _codec(codec: Fields, kind: Kind) -> CodecConfig:
    codec.expect("model_type", "qwen3_tts_tokenizer_12hz")
    for name in ("input_sample_rate", "output_sample_rate"):
        codec.expect(name, SAMPLE_RATE_HZ)
    for name in ("decode_upsample_rate", "encode_downsample_rate"):
        codec.expect(name, SAMPLES_PER_FRAME)
    codec.expect("encoder_valid_num_quantizers", N_CODES)
    decoder, encoder = codec.section("decoder_config"), codec.section("encoder_config")
    decoder.expect("num_quantizers", N_CODES)
    decoder.expect("hidden_act", "silu")
    decoder.expect("attention_bias", False)
    return CodecConfig(
        n_codes=N_CODES,
        codebook_size=decoder.integer("codebook_size"),
        codebook_dim=decoder.integer("codebook_dim"),
        latent_dim=decoder.integer("latent_dim"),
        decoder_dim=decoder.integer("decoder_dim"),
        transformer=_attention_sizes(decoder),
        sliding_window=decoder.integer("sliding_window"),
        upsample_rates=decoder.integers("upsample_rates"),
        upsampling_ratios=decoder.integers("upsampling_ratios"),
        encoder=mimi_config(encoder, n_codes=N_CODES) if kind == "base" else dict(encoder.values),
        encoder_n_codes=codec.integer("encoder_valid_num_quantizers"),
    )


def _check_together(config: CheckpointConfig, main: Fields, talker: Fields, codec: Fields) -> None:
    """What is right alone, and wrong beside the rest."""
    samples_per_frame = 1
    for rate in config.codec.upsample_rates + config.codec.upsampling_ratios:
        samples_per_frame *= rate
    if samples_per_frame != SAMPLES_PER_FRAME:
        raise codec.error("decoder_config", f"upsamples {samples_per_frame} times (upsample_rates × upsampling_ratios), "
                                            f"expected {SAMPLES_PER_FRAME}")
    if config.predictor_vocab_size != config.codec.codebook_size:
        raise talker.error("code_predictor_config.vocab_size", f"is {config.predictor_vocab_size}, expected "
                           f"{config.codec.codebook_size}, the codec's codebook_size")
    if config.talker_vocab_size - N_SPECIAL_CODES != config.codec.codebook_size:
        raise talker.error("vocab_size", f"is {config.talker_vocab_size}, expected {config.codec.codebook_size} codes of "
                                         f"the codec and {N_SPECIAL_CODES} special ones")
    if config.kind == "base" and config.codec.encoder["codebook_size"] != config.codec.codebook_size:
        raise codec.error("encoder_config.codebook_size", f"is {config.codec.encoder['codebook_size']}, expected "
                          f"{config.codec.codebook_size}, that of decoder_config: one writes the codes that the other reads")
    if config.kind == "custom_voice" and not config.speakers:
        raise talker.error("spk_id", "names no speaker, expected at least one in a custom_voice checkpoint")
    if not config.languages:
        raise talker.error("codec_language_id", "names no language, expected at least one")
    strangers = sorted(set(config.dialects) - set(config.speakers))
    if strangers:
        raise main.error("talker_config.spk_is_dialect", f"names {', '.join(strangers)}, expected speakers in spk_id")
