"""encoder_config of speech_tokenizer/config.json, where sound is encoded: what transformers' Mimi is built from. No torch.

transformers takes far more than sizes from such an object (activations by name, attention from a kernel that it would fetch),
and much of it fails, or gives other codes, only when the first recording is encoded. So nothing comes to it but what is checked
here.
"""

from collections.abc import Mapping

from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.fields import MOST_LAYERS, Fields
from worker.model.mimi_shapes import DEFAULTS, DOWNSAMPLING
from worker.model.reference import MAX_REFERENCE_S

FIXED: Mapping[str, object] = {
    "audio_channels": 1, "sampling_rate": SAMPLE_RATE_HZ, "num_semantic_quantizers": 1, "hidden_act": "gelu",
    "pad_mode": "constant", "use_causal_conv": True, "use_conv_shortcut": False, "attention_bias": False,
}
"""What every published encoder has, and MimiConfig where config.json is silent."""

SIZES: Mapping[str, int] = {"dilation_growth_rate": 2, "upsample_groups": 512}
"""Beside those that shapes of tensors depend on."""

LEAST_POSITIONS = round(MAX_REFERENCE_S * SAMPLE_RATE_HZ / SAMPLES_PER_FRAME * DOWNSAMPLING)


def mimi_config(fields: Fields, *, n_codes: int) -> dict[str, object]:
    """All that MimiConfig is to be told. Raises CheckpointError."""
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
        "max_position_embeddings": fields.integer("max_position_embeddings", least=LEAST_POSITIONS, default=8000),
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
