"""Philox is the published generator, and its uniforms are uniform."""

import pytest
import torch

from worker.model.kernels.philox import philox4x32, uniforms

# The known answers of the authors' own library, Random123 (kat_vectors, philox4x32 with 10 rounds): counter, key, words.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_the_known_answers(
    counter: tuple[int, int, int, int], key: tuple[int, int], words: tuple[int, int, int, int]
) -> None:
    c0, c1, c2, c3 = (torch.tensor(word) for word in counter)
    k0, k1 = (torch.tensor(word) for word in key)
    assert [int(word) for word in philox4x32((c0, c1, c2, c3), (k0, k1))] == list(words)


def test_a_seed_is_the_key_low_word_first() -> None:
    seed, nothing = torch.tensor(0x299F31D0A4093822), torch.tensor(0)
    key = torch.tensor(0xA4093822), torch.tensor(0x299F31D0)
    word = philox4x32((torch.tensor(7), torch.tensor(9), nothing, nothing), key)[0]
    assert uniforms(seed, torch.tensor(7), torch.tensor(9)) == ((word >> 9) + 0.5) / 2**23


def test_uniforms_are_uniform_along_each_counter_and_over_seeds() -> None:
    n = torch.arange(64_000)
    zero = torch.zeros_like(n)
    for seed, counter0, counter1 in ((n, zero, zero), (zero, n, zero), (zero, zero, n), (n << 32, zero, zero)):
        u = uniforms(seed, counter0, counter1)
        counts = torch.bincount((u * 64).long(), minlength=64).double()
        chi_square = float(((counts - 1000) ** 2 / 1000).sum())
        assert 25 < chi_square < 120  # 63 degrees of freedom: outside with a chance below 1e-5
        assert u.min() > 0
        assert u.max() < 1


def test_no_uniform_is_so_near_to_an_end_that_its_noise_is_infinite() -> None:
    ends = ((torch.tensor([0, 2**32 - 1]) >> 9).float() + 0.5) * 2.0**-23
    assert (-torch.log(-torch.log(ends))).isfinite().all()


def test_uniforms_broadcast_rows_of_seeds_over_a_vocabulary() -> None:
    seed, counter1 = torch.tensor([3, 2**62 + 5]), torch.tensor([16, 33], dtype=torch.int32)
    table = uniforms(seed[:, None], torch.arange(10), counter1[:, None])
    assert table.shape == (2, 10)
    assert table.dtype == torch.float32
    assert table[1, 4] == uniforms(seed[1], torch.tensor(4), counter1[1])
