"""The codec's encoder: transformers' Mimi (Défossez et al. 2024, arXiv:2410.00037) without what only decodes. No torch."""

from collections.abc import Mapping
from pathlib import Path

from worker.model.fields import Fields

FILE = Path("speech_tokenizer/config.json")
DEFAULTS: Mapping[str, object] = {
    "audio_channels": 1, "num_filters": 64, "kernel_size": 7, "last_kernel_size": 3, "residual_kernel_size": 3,
    "num_residual_layers": 1, "compress": 2, "upsampling_ratios": [8, 6, 5, 4], "hidden_size": 512,
    "intermediate_size": 2048, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 8, "head_dim": 64,
    "codebook_size": 2048, "codebook_dim": 256, "vector_quantization_hidden_dimension": 256, "num_quantizers": 32,
    "num_semantic_quantizers": 1,
}
"""transformers' MimiConfig, for what config.json leaves out."""

DOWNSAMPLING = 2
"""From the convolutions' 25 frames a second to the codec's 12.5."""

Shapes = dict[str, tuple[int, ...]]


def encoder_shapes(encoder_config: Mapping[str, object]) -> Shapes:
    """Every tensor below "encoder." in speech_tokenizer/model.safetensors."""
    fields = Fields(FILE, encoder_config, "encoder_config.").with_defaults(DEFAULTS)
    hidden = fields.integer("hidden_size")
    shapes = _convolutions(fields)
    for layer in range(fields.count("num_hidden_layers")):
        shapes |= _layer(f"encoder.encoder_transformer.layers.{layer}.", fields)
    shapes["encoder.downsample.conv.weight"] = (hidden, hidden, 2 * DOWNSAMPLING)
    n_semantic = fields.count("num_semantic_quantizers")
    shapes |= _codebooks("encoder.quantizer.semantic_residual_vector_quantizer.", fields, n_semantic)
    return shapes | _codebooks("encoder.quantizer.acoustic_residual_vector_quantizer.", fields,
                               fields.count("num_quantizers") - n_semantic)


def _convolutions(fields: Fields) -> Shapes:
    """Per ratio: residual blocks, an activation, and a strided convolution that doubles the width."""
    width, place = fields.integer("num_filters"), 1
    shapes = _conv("encoder.encoder.layers.0", fields.integer("audio_channels"), width, fields.integer("kernel_size"))
    for ratio in reversed(fields.integers("upsampling_ratios")):
        for _ in range(fields.count("num_residual_layers")):
            inner = width // fields.integer("compress")
            shapes |= _conv(f"encoder.encoder.layers.{place}.block.1", width, inner, fields.integer("residual_kernel_size"))
            shapes |= _conv(f"encoder.encoder.layers.{place}.block.3", inner, width, 1)
            place += 1
        shapes |= _conv(f"encoder.encoder.layers.{place + 1}", width, 2 * width, 2 * ratio)
        width, place = 2 * width, place + 2
    return shapes | _conv(f"encoder.encoder.layers.{place + 1}", width, fields.integer("hidden_size"),
                          fields.integer("last_kernel_size"))


def _layer(prefix: str, fields: Fields) -> Shapes:
    hidden, inner, head_dim = fields.integer("hidden_size"), fields.integer("intermediate_size"), fields.integer("head_dim")
    attention, key_value = fields.integer("num_attention_heads") * head_dim, fields.integer("num_key_value_heads") * head_dim
    return {
        f"{prefix}self_attn.q_proj.weight": (attention, hidden),
        f"{prefix}self_attn.k_proj.weight": (key_value, hidden),
        f"{prefix}self_attn.v_proj.weight": (key_value, hidden),
        f"{prefix}self_attn.o_proj.weight": (hidden, attention),
        f"{prefix}mlp.fc1.weight": (inner, hidden),
        f"{prefix}mlp.fc2.weight": (hidden, inner),
        f"{prefix}input_layernorm.weight": (hidden,),
        f"{prefix}input_layernorm.bias": (hidden,),
        f"{prefix}post_attention_layernorm.weight": (hidden,),
        f"{prefix}post_attention_layernorm.bias": (hidden,),
        f"{prefix}self_attn_layer_scale.scale": (hidden,),
        f"{prefix}mlp_layer_scale.scale": (hidden,),
    }


def _codebooks(prefix: str, fields: Fields, n_codes: int) -> Shapes:
    hidden, inner = fields.integer("hidden_size"), fields.integer("vector_quantization_hidden_dimension")
    shapes: Shapes = {f"{prefix}input_proj.weight": (inner, hidden, 1), f"{prefix}output_proj.weight": (hidden, inner, 1)}
    size, dim = fields.integer("codebook_size"), fields.integer("codebook_dim")
    for place in range(n_codes):
        shapes[f"{prefix}layers.{place}.codebook.initialized"] = (1,)
        shapes[f"{prefix}layers.{place}.codebook.cluster_usage"] = (size,)
        shapes[f"{prefix}layers.{place}.codebook.embed_sum"] = (size, dim)
    return shapes


def _conv(name: str, width_in: int, width_out: int, taps: int) -> Shapes:
    return {f"{name}.conv.weight": (width_out, width_in, taps), f"{name}.conv.bias": (width_out,)}
