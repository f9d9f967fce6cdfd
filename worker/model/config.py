"""A checkpoint's config.json files as data classes: every size and special token that the rest reads. No torch.

Sizes are those of https://huggingface.co/Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice and its siblings (0.6B; VoiceDesign; Base).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["custom_voice", "voice_design", "base"]

FRAME_RATE_HZ = 12.5
SAMPLE_RATE_HZ = 24_000
SAMPLES_PER_FRAME = 1920


@dataclass(frozen=True)
class StackConfig:
    """A stack of Qwen3 decoder layers: grouped-query attention with q/k RMSNorm per head and NeoX RoPE, then SwiGLU."""

    hidden_size: int
    intermediate_size: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    rope_theta: float
    rms_norm_eps: float


@dataclass(frozen=True)
class SpecialTokens:
    """Text tokens that qwen-tts puts around the text, and code-0 tokens that tag language and speaker."""

    im_start: int
    im_end: int
    tts_pad: int
    tts_bos: int
    tts_eos: int
    codec_eos: int
    codec_think: int
    codec_nothink: int
    codec_think_bos: int
    codec_think_eos: int
    codec_pad: int
    codec_bos: int


@dataclass(frozen=True)
class SpeakerEncoderConfig:
    """ECAPA-TDNN (Desplanques et al. 2020, arXiv:2005.07143); Base checkpoints only."""

    mel_dim: int
    enc_dim: int
    channels: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    dilations: tuple[int, ...]
    attention_channels: int
    res2net_scale: int
    se_channels: int


@dataclass(frozen=True)
class CodecConfig:
    """The decoder of the 12 Hz codec. `encoder` is what transformers' Mimi is built from (worker/model/mimi_config.py); where
    nothing is encoded, as it stands in config.json."""

    n_codes: int
    codebook_size: int
    codebook_dim: int
    latent_dim: int
    decoder_dim: int
    transformer: StackConfig
    sliding_window: int
    upsample_rates: tuple[int, ...]
    upsampling_ratios: tuple[int, ...]
    encoder: dict[str, object]
    encoder_n_codes: int


@dataclass(frozen=True)
class CheckpointConfig:
    """All of a checkpoint. `languages` maps qwen-tts's names ("english", "beijing_dialect") to code-0 tokens; `speakers` a
    lower-case name to its token; `dialects` a speaker to the dialect that it forces under auto or chinese."""

    kind: Kind
    size: str                        # "0b6" | "1b7": qwen-tts's own names
    talker: StackConfig
    predictor: StackConfig
    n_codes: int                     # 16
    talker_vocab_size: int           # 3072; the last 1024 ids are special tokens
    predictor_vocab_size: int        # 2048
    text_vocab_size: int
    text_hidden_size: int
    tokens: SpecialTokens
    languages: dict[str, int]
    speakers: dict[str, int]
    dialects: dict[str, str]
    speaker_encoder: SpeakerEncoderConfig | None
    codec: CodecConfig

    @property
    def spoken_languages(self) -> tuple[str, ...]:
        """What may be asked for. A dialect is its speaker's, and nobody else's to ask for."""
        return tuple(name for name in self.languages if "dialect" not in name)

    @property
    def takes_instructions(self) -> bool:
        """0.6B CustomVoice drops them silently in qwen-tts; Base was never trained on them."""
        return self.kind == "voice_design" or (self.kind == "custom_voice" and self.size != "0b6")
