"""The least time that a frame can take: operations over the rate of the tensor cores, or bytes over memory bandwidth, whichever
is larger, part by part. Counted from the configuration; no torch.

Weights are read once a pass, the KV cache once a frame; activations of the codec once in and once out of each fused block.
"""

from dataclasses import dataclass

from worker.model.config import FRAME_RATE_HZ, CheckpointConfig, CodecConfig, StackConfig

_BYTES = 2   # bfloat16
_CODEC_BATCH_FRAMES = 25
"""Frames over which one reading of the codec's weights is shared, as in a chunk of two seconds."""


@dataclass(frozen=True)
class Ceilings:
    """What the device reaches on plain work: bytes/s of a large copy (read and written), FLOP/s of a large bf16 product."""

    bytes_per_s: float
    flops_per_s: float

    def seconds(self, flops: float, n_bytes: float) -> float:
        return max(flops / self.flops_per_s, n_bytes / self.bytes_per_s)


@dataclass(frozen=True)
class Floor:
    """Seconds that one frame of every row takes at least."""

    predictor_s: float
    talker_s: float
    codec_s: float

    @property
    def frame_s(self) -> float:
        return self.predictor_s + self.talker_s + self.codec_s

    def times_realtime(self, n_rows: int) -> float:
        return n_rows / FRAME_RATE_HZ / self.frame_s


def count_floor(
    config: CheckpointConfig, ceilings: Ceilings, n_rows: int, n_positions: float, *, kept_bytes: int = _BYTES
) -> Floor:
    """For `n_rows` utterances that have `n_positions` in their KV cache on average, of `kept_bytes` a number. Weights are counted
    as bfloat16 whatever they are, and so are keys and values of more: the floor is what the machine could reach."""
    return Floor(
        predictor_s=_predictor(config, ceilings, n_rows),
        talker_s=_talker(config, ceilings, n_rows, n_positions, min(kept_bytes, _BYTES)),
        codec_s=_codec(config.codec, ceilings, n_rows),
    )


def _stack_weights(stack: StackConfig) -> float:
    attention = stack.hidden_size * (2 * stack.n_heads + 2 * stack.n_kv_heads) * stack.head_dim
    return stack.n_layers * (attention + 3 * stack.hidden_size * stack.intermediate_size)


def _kv_numbers(stack: StackConfig) -> float:
    """Of one position."""
    return stack.n_layers * 2 * stack.n_kv_heads * stack.head_dim


def _talker(config: CheckpointConfig, ceilings: Ceilings, n_rows: int, n_positions: float, kept_bytes: int) -> float:
    stack = config.talker
    weights = _stack_weights(stack) + config.talker_vocab_size * stack.hidden_size
    attention = 4 * stack.n_heads * stack.head_dim * n_positions * stack.n_layers
    rows = n_rows * (2 * weights + attention)
    return ceilings.seconds(rows, weights * _BYTES + n_rows * _kv_numbers(stack) * kept_bytes * n_positions)


def _predictor(config: CheckpointConfig, ceilings: Ceilings, n_rows: int) -> float:
    """Its weights are read once for each of codes 1 to 15: they don't stay in the caches of an SM."""
    stack, n_passes = config.predictor, config.n_codes - 1
    weights = _stack_weights(stack)
    heads = n_passes * config.predictor_vocab_size * stack.hidden_size
    cache = sum(range(1, config.n_codes + 1)) * _kv_numbers(stack) * _BYTES
    return ceilings.seconds(n_rows * (config.n_codes * 2 * weights + 2 * heads),
                            (n_passes * weights + heads) * _BYTES + n_rows * cache)


def _codec(codec: CodecConfig, ceilings: Ceilings, n_rows: int) -> float:
    """A frame of each row; the weights' bytes are shared by the frames of a batch."""
    work = _CodecWork()
    work.add(codec.codebook_dim, codec.latent_dim, rate=1, taps=3)
    transformer = codec.transformer
    work.add(codec.latent_dim, transformer.hidden_size, rate=1)
    for _ in range(transformer.n_layers):
        inner = transformer.n_heads * transformer.head_dim
        work.add(transformer.hidden_size, 4 * inner, rate=1)
        work.add(transformer.hidden_size, 3 * transformer.intermediate_size, rate=1)
        work.flops += 4 * inner * codec.sliding_window
    work.add(transformer.hidden_size, codec.latent_dim, rate=1)
    rate = 1
    for ratio in codec.upsampling_ratios:
        work.add(codec.latent_dim, codec.latent_dim * ratio, rate=rate)
        rate *= ratio
        work.add(codec.latent_dim, 4 * codec.latent_dim, rate=rate)
        work.add(4 * codec.latent_dim, codec.latent_dim, rate=rate, moved=False)
    channels = codec.decoder_dim
    work.add(codec.latent_dim, channels, rate=rate, taps=7)
    for upsample in codec.upsample_rates:
        work.add(channels, channels // 2 * upsample, rate=rate, taps=2)
        rate, channels = rate * upsample, channels // 2
        for _ in range(3):
            work.add(channels, channels, rate=rate, taps=7)
            work.add(channels, channels, rate=rate, moved=False)
    work.add(channels, 1, rate=rate, taps=7)
    return ceilings.seconds(n_rows * work.flops,
                            n_rows * (work.activation_bytes + work.weights * _BYTES / _CODEC_BATCH_FRAMES))


@dataclass
class _CodecWork:
    """Sums over layers, for one frame."""

    weights: float = 0.0
    flops: float = 0.0
    activation_bytes: float = 0.0

    def add(self, n_in: int, n_out: int, *, rate: int, taps: int = 1, moved: bool = True) -> None:
        self.weights += n_in * n_out * taps
        self.flops += 2 * n_in * n_out * taps * rate
        if moved:
            self.activation_bytes += _BYTES * (n_in + n_out) * rate
