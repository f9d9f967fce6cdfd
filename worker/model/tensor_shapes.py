"""The name and shape of every tensor of a checkpoint, from its config alone. No torch.

Names are those of qwen-tts 0.1.1's modules; the codec's encoder is transformers' Mimi without what only decodes. Base
checkpoints have a speaker encoder besides.
"""

from worker.model.config import CheckpointConfig, CodecConfig, SpeakerEncoderConfig, StackConfig
from worker.model.mimi_shapes import encoder_shapes

Shapes = dict[str, tuple[int, ...]]

RESIDUAL_UNITS = (2, 3, 4)
"""Their places in a decoder block, after the activation and the transposed convolution."""


def main_shapes(config: CheckpointConfig) -> Shapes:
    """model.safetensors: talker, code predictor and, in a Base checkpoint, the speaker encoder."""
    hidden, text_hidden = config.talker.hidden_size, config.text_hidden_size
    shapes: Shapes = {
        "talker.model.norm.weight": (hidden,),
        "talker.model.codec_embedding.weight": (config.talker_vocab_size, hidden),
        "talker.model.text_embedding.weight": (config.text_vocab_size, text_hidden),
        "talker.text_projection.linear_fc1.weight": (text_hidden, text_hidden),
        "talker.text_projection.linear_fc1.bias": (text_hidden,),
        "talker.text_projection.linear_fc2.weight": (hidden, text_hidden),
        "talker.text_projection.linear_fc2.bias": (hidden,),
        "talker.codec_head.weight": (config.talker_vocab_size, hidden),
    }
    shapes |= _stack("talker.model.layers.", config.talker)
    shapes |= _predictor(config)
    if config.speaker_encoder is not None:
        shapes |= _speaker_encoder(config.speaker_encoder)
    return shapes


def codec_shapes(codec: CodecConfig) -> Shapes:
    """speech_tokenizer/model.safetensors: what turns codes into sound, and sound into codes."""
    return decoder_shapes(codec) | encoder_shapes(codec.encoder)


def decoder_shapes(codec: CodecConfig) -> Shapes:
    """From codes to sound."""
    shapes = _conv("decoder.pre_conv", codec.codebook_dim, codec.latent_dim, taps=3)
    shapes |= _codebooks("decoder.quantizer.rvq_first.", codec, n_codes=1)
    shapes |= _codebooks("decoder.quantizer.rvq_rest.", codec, n_codes=codec.n_codes - 1)
    shapes |= _codec_transformer(codec)
    for place, ratio in enumerate(codec.upsampling_ratios):
        shapes |= _upsample(f"decoder.upsample.{place}.", codec.latent_dim, ratio)
    shapes |= _conv("decoder.decoder.0", codec.latent_dim, codec.decoder_dim, taps=7)
    for place, rate in enumerate(codec.upsample_rates):
        shapes |= _decoder_block(f"decoder.decoder.{place + 1}.block.", codec.decoder_dim >> place, rate)
    last, width = len(codec.upsample_rates) + 1, codec.decoder_dim >> len(codec.upsample_rates)
    shapes |= _snake(f"decoder.decoder.{last}", width)
    return shapes | _conv(f"decoder.decoder.{last + 1}", width, 1, taps=7)


def _stack(prefix: str, stack: StackConfig) -> Shapes:
    shapes: Shapes = {}
    for layer in range(stack.n_layers):
        shapes |= _layer(f"{prefix}{layer}.", stack)
        shapes[f"{prefix}{layer}.self_attn.q_norm.weight"] = (stack.head_dim,)
        shapes[f"{prefix}{layer}.self_attn.k_norm.weight"] = (stack.head_dim,)
    return shapes


def _layer(prefix: str, stack: StackConfig) -> Shapes:
    hidden, inner = stack.hidden_size, stack.intermediate_size
    return {
        f"{prefix}self_attn.q_proj.weight": (stack.n_heads * stack.head_dim, hidden),
        f"{prefix}self_attn.k_proj.weight": (stack.n_kv_heads * stack.head_dim, hidden),
        f"{prefix}self_attn.v_proj.weight": (stack.n_kv_heads * stack.head_dim, hidden),
        f"{prefix}self_attn.o_proj.weight": (hidden, stack.n_heads * stack.head_dim),
        f"{prefix}mlp.gate_proj.weight": (inner, hidden),
        f"{prefix}mlp.up_proj.weight": (inner, hidden),
        f"{prefix}mlp.down_proj.weight": (hidden, inner),
        f"{prefix}input_layernorm.weight": (hidden,),
        f"{prefix}post_attention_layernorm.weight": (hidden,),
    }


def _predictor(config: CheckpointConfig) -> Shapes:
    """One embedding and one head for each code but code 0. Embeddings are as wide as the talker, which adds them up; where the
    predictor itself is narrower, a biased projection leads into it."""
    prefix, hidden = "talker.code_predictor.", config.predictor.hidden_size
    shapes = _stack(f"{prefix}model.layers.", config.predictor)
    shapes[f"{prefix}model.norm.weight"] = (hidden,)
    for place in range(config.n_codes - 1):
        shapes[f"{prefix}model.codec_embedding.{place}.weight"] = (config.predictor_vocab_size, config.talker.hidden_size)
        shapes[f"{prefix}lm_head.{place}.weight"] = (config.predictor_vocab_size, hidden)
    if config.talker.hidden_size != hidden:
        shapes[f"{prefix}small_to_mtp_projection.weight"] = (hidden, config.talker.hidden_size)
        shapes[f"{prefix}small_to_mtp_projection.bias"] = (hidden,)
    return shapes


def _speaker_encoder(config: SpeakerEncoderConfig) -> Shapes:
    prefix, channels, taps = "speaker_encoder.", config.channels, config.kernel_sizes
    shapes = _conv(f"{prefix}blocks.0", config.mel_dim, channels[0], taps=taps[0])
    for place in range(1, len(channels) - 1):
        block, width = f"{prefix}blocks.{place}.", channels[place]
        part = width // config.res2net_scale
        shapes |= _conv(f"{block}tdnn1", channels[place - 1], width, taps=1)
        for branch in range(config.res2net_scale - 1):
            shapes |= _conv(f"{block}res2net_block.blocks.{branch}", part, part, taps=taps[place])
        shapes |= _conv(f"{block}tdnn2", width, width, taps=1)
        shapes |= _named_conv(f"{block}se_block.conv1", width, config.se_channels)
        shapes |= _named_conv(f"{block}se_block.conv2", config.se_channels, width)
    shapes |= _conv(f"{prefix}mfa", channels[-1], channels[-1], taps=taps[-1])
    shapes |= _conv(f"{prefix}asp.tdnn", channels[-1] * 3, config.attention_channels, taps=1)
    shapes |= _named_conv(f"{prefix}asp.conv", config.attention_channels, channels[-1])
    return shapes | _named_conv(f"{prefix}fc", channels[-1] * 2, config.enc_dim)


def _codebooks(prefix: str, codec: CodecConfig, *, n_codes: int) -> Shapes:
    """A residual vector quantizer: code vectors as the sum and the number of what was assigned to each."""
    dim = codec.codebook_dim // 2
    shapes: Shapes = {
        f"{prefix}input_proj.weight": (dim, codec.codebook_dim, 1),
        f"{prefix}output_proj.weight": (codec.codebook_dim, dim, 1),
    }
    for place in range(n_codes):
        shapes[f"{prefix}vq.layers.{place}._codebook.cluster_usage"] = (codec.codebook_size,)
        shapes[f"{prefix}vq.layers.{place}._codebook.embedding_sum"] = (codec.codebook_size, dim)
    return shapes


def _codec_transformer(codec: CodecConfig) -> Shapes:
    prefix, hidden = "decoder.pre_transformer.", codec.transformer.hidden_size
    shapes: Shapes = {
        f"{prefix}norm.weight": (hidden,),
        f"{prefix}input_proj.weight": (hidden, codec.latent_dim),
        f"{prefix}input_proj.bias": (hidden,),
        f"{prefix}output_proj.weight": (codec.latent_dim, hidden),
        f"{prefix}output_proj.bias": (codec.latent_dim,),
    }
    for layer in range(codec.transformer.n_layers):
        shapes |= _layer(f"{prefix}layers.{layer}.", codec.transformer)
        shapes[f"{prefix}layers.{layer}.self_attn_layer_scale.scale"] = (hidden,)
        shapes[f"{prefix}layers.{layer}.mlp_layer_scale.scale"] = (hidden,)
    return shapes


def _upsample(prefix: str, width: int, ratio: int) -> Shapes:
    """A transposed convolution and a ConvNeXt block (Liu et al. 2022, arXiv:2201.03545)."""
    shapes = _conv(f"{prefix}0", width, width, taps=ratio)
    shapes |= _conv(f"{prefix}1.dwconv", 1, width, taps=7)
    return shapes | {
        f"{prefix}1.gamma": (width,),
        f"{prefix}1.norm.weight": (width,),
        f"{prefix}1.norm.bias": (width,),
        f"{prefix}1.pwconv1.weight": (4 * width, width),
        f"{prefix}1.pwconv1.bias": (4 * width,),
        f"{prefix}1.pwconv2.weight": (width, 4 * width),
        f"{prefix}1.pwconv2.bias": (width,),
    }


def _decoder_block(prefix: str, width: int, rate: int) -> Shapes:
    """SnakeBeta, a transposed convolution that halves the width, and three residual units."""
    shapes = _snake(f"{prefix}0", width)
    shapes[f"{prefix}1.conv.weight"] = (width, width // 2, 2 * rate)
    shapes[f"{prefix}1.conv.bias"] = (width // 2,)
    for unit in RESIDUAL_UNITS:
        shapes |= _snake(f"{prefix}{unit}.act1", width // 2)
        shapes |= _conv(f"{prefix}{unit}.conv1", width // 2, width // 2, taps=7)
        shapes |= _snake(f"{prefix}{unit}.act2", width // 2)
        shapes |= _conv(f"{prefix}{unit}.conv2", width // 2, width // 2, taps=1)
    return shapes


def _snake(name: str, width: int) -> Shapes:
    return {f"{name}.alpha": (width,), f"{name}.beta": (width,)}


def _conv(name: str, width_in: int, width_out: int, *, taps: int) -> Shapes:
    """A convolution inside a padding module of its own."""
    return {f"{name}.conv.weight": (width_out, width_in, taps), f"{name}.conv.bias": (width_out,)}


def _named_conv(name: str, width_in: int, width_out: int) -> Shapes:
    """A bare convolution of one tap."""
    return {f"{name}.weight": (width_out, width_in, 1), f"{name}.bias": (width_out,)}
