"""The JSON files of a checkpoint that is made of random weights: the published sizes, and one tiny enough for tests. No torch.

Values are those of https://huggingface.co/Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice and its siblings. The tiny one keeps every
relation that code could get wrong: predictor narrower than talker, fewer key-value heads than heads, all special tokens at
their real ids.
"""

from typing import Literal

from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, Kind

Size = Literal["tiny", "0.6b", "1.7b"]
Json = dict[str, object]

LANGUAGES = {
    "chinese": 2055, "english": 2050, "german": 2053, "italian": 2070, "portuguese": 2071, "spanish": 2054,
    "japanese": 2058, "korean": 2064, "french": 2061, "russian": 2069,
}
DIALECTS = {"beijing_dialect": 2074, "sichuan_dialect": 2062}
SPEAKERS = {
    "serena": 3066, "vivian": 3065, "uncle_fu": 3010, "ryan": 3061, "aiden": 2861, "ono_anna": 2873, "sohee": 2864,
    "eric": 2875, "dylan": 2878,
}
SPEAKER_DIALECTS = {"eric": "sichuan_dialect", "dylan": "beijing_dialect"}

GENERATION: Json = {
    "do_sample": True, "temperature": 0.9, "top_p": 1.0, "top_k": 50, "repetition_penalty": 1.05, "max_new_tokens": 8192,
    "subtalker_dosample": True, "subtalker_temperature": 0.9, "subtalker_top_p": 1.0, "subtalker_top_k": 50,
}
FEATURES: Json = {
    "feature_extractor_type": "EncodecFeatureExtractor", "feature_size": 1, "sampling_rate": SAMPLE_RATE_HZ,
    "padding_side": "right", "padding_value": 0.0, "return_attention_mask": True, "chunk_length_s": None, "overlap": None,
}

STACK: Json = {
    "hidden_act": "silu", "initializer_range": 0.02, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000, "use_cache": True,
    "attention_bias": False, "attention_dropout": 0, "sliding_window": None, "use_sliding_window": False,
    "num_code_groups": 16, "tie_word_embeddings": False,
}
TINY_HEADS: Json = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
REAL_HEADS: Json = {"num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128}

TALKERS: dict[Size, Json] = {
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "text_hidden_size": 16, **TINY_HEADS},
    "0.6b": {"hidden_size": 1024, "intermediate_size": 3072, "text_hidden_size": 2048, "num_hidden_layers": 28, **REAL_HEADS},
    "1.7b": {"hidden_size": 2048, "intermediate_size": 6144, "text_hidden_size": 2048, "num_hidden_layers": 28, **REAL_HEADS},
}
TINY_SPEAKER_ENCODER: Json = {
    "mel_dim": 128, "enc_channels": [32, 32, 32, 32, 96], "enc_kernel_sizes": [5, 3, 3, 3, 1],
    "enc_dilations": [1, 2, 3, 4, 1], "enc_attention_channels": 16, "enc_res2net_scale": 4, "enc_se_channels": 16,
}


def main_config(size: Size, kind: Kind) -> Json:
    """config.json"""
    speaker_encoder = TINY_SPEAKER_ENCODER if size == "tiny" else {}
    return {
        "architectures": ["Qwen3TTSForConditionalGeneration"],
        "model_type": "qwen3_tts",
        "tokenizer_type": "qwen3_tts_tokenizer_12hz",
        "tts_model_size": "0b6" if size == "0.6b" else "1b7",
        "tts_model_type": kind,
        "assistant_token_id": 77091,
        "im_start_token_id": 151644,
        "im_end_token_id": 151645,
        "tts_pad_token_id": 151671,
        "tts_bos_token_id": 151672,
        "tts_eos_token_id": 151673,
        "speaker_encoder_config": {
            **speaker_encoder, "enc_dim": TALKERS[size]["hidden_size"], "sample_rate": SAMPLE_RATE_HZ,
        },
        "talker_config": {**_talker(size), **_voices(kind), "code_predictor_config": _predictor(size)},
    }


def _talker(size: Size) -> Json:
    # A third of each head's pairs for time, height and width; speech has equal positions in all three.
    section = [4, 2, 2] if size == "tiny" else [24, 20, 20]
    return {
        **STACK, **TALKERS[size],
        "model_type": "qwen3_tts_talker",
        "vocab_size": 3072,
        "text_vocab_size": 151936,
        "max_position_embeddings": 32768,
        "position_id_per_seconds": 13,
        "rope_scaling": {"interleaved": True, "mrope_section": section, "rope_type": "default", "type": "default"},
        "codec_eos_token_id": 2150,
        "codec_think_id": 2154,
        "codec_nothink_id": 2155,
        "codec_think_bos_id": 2156,
        "codec_think_eos_id": 2157,
        "codec_pad_id": 2148,
        "codec_bos_id": 2149,
    }


def _voices(kind: Kind) -> Json:
    if kind != "custom_voice":
        return {"codec_language_id": LANGUAGES, "spk_id": {}, "spk_is_dialect": {}}
    return {
        "codec_language_id": {**LANGUAGES, **DIALECTS},
        "spk_id": SPEAKERS,
        "spk_is_dialect": {speaker: SPEAKER_DIALECTS.get(speaker, False) for speaker in SPEAKERS},
    }


def _predictor(size: Size) -> Json:
    tiny = {"hidden_size": 32, "intermediate_size": 64, **TINY_HEADS}
    real = {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 5, **REAL_HEADS}
    sizes = tiny if size == "tiny" else real
    n_layers = 2 if size == "tiny" else 5
    return {
        **STACK, **sizes,
        "model_type": "qwen3_tts_talker_code_predictor",
        "vocab_size": 2048,
        "max_position_embeddings": 65536,
        "rope_scaling": None,
        "layer_types": ["full_attention"] * n_layers,
    }


def codec_config(size: Size) -> Json:
    """speech_tokenizer/config.json"""
    return {
        "architectures": ["Qwen3TTSTokenizerV2Model"],
        "model_type": "qwen3_tts_tokenizer_12hz",
        "encoder_valid_num_quantizers": 16,
        "input_sample_rate": SAMPLE_RATE_HZ,
        "output_sample_rate": SAMPLE_RATE_HZ,
        "decode_upsample_rate": SAMPLES_PER_FRAME,
        "encode_downsample_rate": SAMPLES_PER_FRAME,
        "decoder_config": {**DECODER, **(TINY_DECODER if size == "tiny" else {})},
        "encoder_config": {**ENCODER, **(TINY_ENCODER if size == "tiny" else {})},
    }


DECODER: Json = {
    "attention_bias": False, "attention_dropout": 0.0, "latent_dim": 1024, "codebook_dim": 512, "codebook_size": 2048,
    "decoder_dim": 1536, "hidden_act": "silu", "hidden_size": 512, "intermediate_size": 1024,
    "layer_scale_initial_scale": 0.01, "max_position_embeddings": 8000, "head_dim": 64, "num_attention_heads": 16,
    "num_hidden_layers": 8, "num_key_value_heads": 16, "num_quantizers": 16, "num_semantic_quantizers": 1,
    "rms_norm_eps": 1e-5, "rope_theta": 10_000, "semantic_codebook_size": 4096, "sliding_window": 72,
    "upsample_rates": [8, 5, 4, 3], "upsampling_ratios": [2, 2], "vector_quantization_hidden_dimension": 512,
}
TINY_DECODER: Json = {
    "latent_dim": 32, "codebook_dim": 16, "decoder_dim": 32, "hidden_size": 16, "intermediate_size": 32, "head_dim": 8,
    "num_attention_heads": 2, "num_key_value_heads": 2, "num_hidden_layers": 2, "vector_quantization_hidden_dimension": 16,
}
ENCODER: Json = {
    "_frame_rate": 12.5, "attention_bias": False, "attention_dropout": 0.0, "audio_channels": 1, "codebook_dim": 256,
    "codebook_size": 2048, "compress": 2, "dilation_growth_rate": 2, "head_dim": 64, "hidden_act": "gelu",
    "hidden_size": 512, "initializer_range": 0.02, "intermediate_size": 2048, "kernel_size": 7, "last_kernel_size": 3,
    "layer_scale_initial_scale": 0.01, "max_position_embeddings": 8000, "norm_eps": 1e-5, "normalize": False,
    "num_attention_heads": 8, "num_filters": 64, "num_hidden_layers": 8, "num_key_value_heads": 8, "num_quantizers": 32,
    "num_residual_layers": 1, "num_semantic_quantizers": 1, "pad_mode": "constant", "residual_kernel_size": 3,
    "rope_theta": 10000.0, "sampling_rate": SAMPLE_RATE_HZ, "sliding_window": 250, "trim_right_ratio": 1.0,
    "upsample_groups": 512, "upsampling_ratios": [8, 6, 5, 4], "use_cache": False, "use_causal_conv": True,
    "use_conv_shortcut": False, "vector_quantization_hidden_dimension": 256,
}
TINY_ENCODER: Json = {
    "codebook_dim": 8, "hidden_size": 32, "intermediate_size": 64, "head_dim": 8, "num_attention_heads": 4,
    "num_key_value_heads": 4, "num_filters": 4, "num_hidden_layers": 2, "upsample_groups": 32,
    "vector_quantization_hidden_dimension": 8,
}
