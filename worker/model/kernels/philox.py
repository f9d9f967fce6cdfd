"""Philox4x32-10, a counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), in torch.

Triton has it built in (tl.philox); this one gives the same bits, so a draw depends on its seed and its counters alone, neither
on the device nor on the batch. Words are kept in int64: torch has no arithmetic on uint32.
"""

from torch import Tensor

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_N_ROUNDS = 10

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox4x32(counter: Words, key: tuple[Tensor, Tensor]) -> Words:
    """Four random 32-bit words of a 128-bit counter under a 64-bit key; all int64 tensors of 0 to 2³²−1 that broadcast."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_N_ROUNDS):
        high0, low0 = _multiply(_MULTIPLIERS[0], c0)
        high1, low1 = _multiply(_MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + _KEY_STEPS[0]) & _WORD, (k1 + _KEY_STEPS[1]) & _WORD
    return c0, c1, c2, c3


def uniforms(seed: Tensor, counter0: Tensor, counter1: Tensor) -> Tensor:
    """Float32 in (0, 1), neither end included: the key is `seed` (int64), the counter (counter0, counter1, 0, 0).

    All broadcast. 23 bits and a half: more would round to 1.0, whose logarithm is no noise.
    """
    nothing = counter1.long() * 0
    counter = (counter0.long(), counter1.long(), nothing, nothing)
    word = philox4x32(counter, (seed & _WORD, (seed >> 32) & _WORD))[0]
    return ((word >> 9).float() + 0.5) * 2.0**-23


def _multiply(a: int, b: Tensor) -> tuple[Tensor, Tensor]:
    """High and low word of the product of two words; by halves of `a`, because 64 bits with a sign can't hold it."""
    high = ((a >> 16) * b + ((a & 0xFFFF) * b >> 16)) >> 16
    return high, a * b & _WORD
