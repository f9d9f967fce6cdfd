"""The codec: codes to sound as qwen-tts has it, whole and chunk after chunk."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch

from tests.parity.ours import Ours
from tests.parity.utterances import UTTERANCES, Utterance
from tests.parity.vectors import Decoded, kept_of, load, relative

LIMIT = 1e-5
DECODED = load("custom_voice").decoded
WITHOUT_REFERENCE = [utterance for utterance in UTTERANCES if not (utterance.reference and utterance.reference.text)]

Opened = Callable[[str], Ours]


@pytest.mark.parametrize("decoded", DECODED.values(), ids=DECODED)
def test_a_whole_decode_has_the_samples_of_the_original(ours: Opened, decoded: Decoded) -> None:
    codes = torch.from_numpy(decoded.codes).int()[None]  # [1, n_frames, 16]

    samples = ours("custom_voice").codec.decode(codes)[0].numpy()

    assert len(samples) == decoded.n_samples
    assert relative(kept_of(samples), decoded.samples) <= LIMIT


@pytest.mark.parametrize("decoded", DECODED.values(), ids=DECODED)
def test_a_stream_of_chunks_has_the_samples_of_the_original(ours: Opened, decoded: Decoded) -> None:
    codec, n_frames = ours("custom_voice").codec, len(decoded.codes)
    codes = torch.from_numpy(decoded.codes).int()[None]  # [1, n_frames, 16]
    borders = sorted({0, n_frames, *(border for border in (2, 6, 14, 39, 112, 113, 250) if border < n_frames)})
    stream = codec.open_stream()

    chunks = [codec.decode_chunks([stream], codes[:, start:end])[0] for start, end in pairwise(borders)]

    assert relative(kept_of(torch.cat(chunks).numpy()), decoded.samples) <= LIMIT


@pytest.mark.parametrize("utterance", WITHOUT_REFERENCE, ids=lambda u: u.name)
def test_an_utterance_sounds_like_the_original(ours: Opened, utterance: Utterance) -> None:
    spoken = load(utterance.checkpoint).spoken[utterance.name]

    samples = ours(utterance.checkpoint).codec.decode(torch.from_numpy(spoken.codes).int()[None])[0].numpy()

    assert len(samples) == spoken.n_samples
    assert relative(kept_of(samples), spoken.samples) <= LIMIT
