"""encoder_config of speech_tokenizer/config.json, where sound is encoded: what worker/model/mimi_encoder.py is built from. No
torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.fields import MOST_LAYERS, Fields
from worker.model.mimi_shapes import DEFAULTS, DOWNSAMPLING, FILE

FIXED: Mapping[str, object] = {
    "audio_channels": 1, "sampling_rate": SAMPLE_RATE_HZ, "num_semantic_quantizers": 1, "hidden_act": "gelu",
    "pad_mode": "constant", "use_causal_conv": True, "use_conv_shortcut": False, "attention_bias": False,
}
"""What every published encoder has, and transformers' MimiConfig where config.json is silent."""

SIZES: Mapping[str, int] = {"dilation_growth_rate": 2}
"""Beside those that shapes of tensors depend on."""


@dataclass(frozen=True)
class MimiSizes:
    """What tensors do not tell. `upsampling_ratios` are the decoder's, so the encoder takes them from the last on."""

    upsampling_ratios: tuple[int, ...]
    n_residual_layers: int
    dilation_growth_rate: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    norm_eps: float
    rope_theta: float

    @classmethod
    def of(cls, config: Mapping[str, object]) -> "MimiSizes":
        """What `mimi_config` gave."""
        fields = Fields(FILE, config, "encoder_config.")
        return cls(
            upsampling_ratios=fields.integers("upsampling_ratios"),
            n_residual_layers=fields.count("num_residual_layers"),
            dilation_growth_rate=fields.integer("dilation_growth_rate"),
            n_layers=fields.count("num_hidden_layers"),
            n_heads=fields.integer("num_attention_heads"),
            n_kv_heads=fields.integer("num_key_value_heads"),
            head_dim=fields.integer("head_dim"),
            norm_eps=fields.number("norm_eps"),
            rope_theta=fields.number("rope_theta"),
        )


def mimi_config(fields: Fields, *, n_codes: int) -> dict[str, object]:
    """All that is told of it, or follows from silence. Raises CheckpointError."""
    for name, value in FIXED.items():
        fields.expect(name, value, default=value)
    for name in ("rope_scaling", "rope_parameters"):
        fields.expect(name, None, default=None)
    fields = fields.with_defaults(DEFAULTS).with_defaults(SIZES)
    sizes = [name for name, default in DEFAULTS.items() if isinstance(default, int) and name not in FIXED]
    config: dict[str, object] = {
        **FIXED,
        **{name: fields.integer(name) for name in [*sizes, *SIZES]},
        "num_quantizers": fields.integer("num_quantizers", least=n_codes, most=MOST_LAYERS),
        "upsampling_ratios": _upsampling_ratios(fields),
        "norm_eps": fields.number("norm_eps", default=1e-5),
        "rope_theta": fields.number("rope_theta", least=1.0, default=10_000.0),
    }
    _check_heads(fields)
    return config


def _upsampling_ratios(fields: Fields) -> list[int]:
    ratios, product = fields.integers("upsampling_ratios"), 1
    for ratio in ratios:
        product *= ratio
    if product * DOWNSAMPLING != SAMPLES_PER_FRAME:
        raise fields.error("upsampling_ratios", f"multiply to {product}, expected {SAMPLES_PER_FRAME // DOWNSAMPLING}")
    return list(ratios)


def _check_heads(fields: Fields) -> None:
    n_heads, n_kv_heads = fields.integer("num_attention_heads"), fields.integer("num_key_value_heads")
    if n_heads % n_kv_heads:
        raise fields.error("num_key_value_heads", f"is {n_kv_heads}, expected a divisor of num_attention_heads, {n_heads}")
    if fields.integer("head_dim") % 2:
        raise fields.error("head_dim", f"is {fields.integer('head_dim')}, expected an even number, as RoPE turns pairs")
