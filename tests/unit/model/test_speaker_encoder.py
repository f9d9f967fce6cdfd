"""The mel spectrogram and the embedding of who speaks."""

import numpy as np
import pytest
import torch
from transformers.audio_utils import mel_filter_bank

from tests.unit.model.conftest import TinyCheckpoint
from tests.unit.model.voice_like import voice_like
from worker.model.checkpoint import open_checkpoint
from worker.model.config import SAMPLE_RATE_HZ
from worker.model.mel import HIGHEST_HZ, HOP_SAMPLES, QUIETEST, WINDOW_SAMPLES, Mel, mel_filters
from worker.model.speaker_encoder import Conv, Heard, SpeakerEncoder

CPU = torch.device("cpu")


def slaney_hz(mel: np.ndarray) -> np.ndarray:
    """Slaney's scale (Auditory Toolbox, 1998): linear to 1 kHz, then 27 steps for each factor of 6.4."""
    return np.where(mel < 15, 200 / 3 * mel, 1000 * 6.4 ** ((mel - 15) / 27))


def plain_spectrogram(pcm: np.ndarray, n_mels: int) -> np.ndarray:
    """By definition: triangles of equal area on that scale, over windowed Fourier transforms, one after another."""
    edge = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
    padded = np.pad(pcm.astype(np.float64), edge, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
    starts = range(0, len(padded) - WINDOW_SAMPLES + 1, HOP_SAMPLES)
    magnitudes = np.stack([np.abs(np.fft.rfft(padded[start:start + WINDOW_SAMPLES] * window)) for start in starts], axis=1)
    top_mel = 15 + 27 * np.log(12) / np.log(6.4)
    edges_hz = slaney_hz(np.linspace(0, top_mel, n_mels + 2))
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
    filters = np.zeros((n_mels, len(bins_hz)))
    for place in range(n_mels):
        low, middle, high = edges_hz[place:place + 3]
        rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
        filters[place] = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    logarithms: np.ndarray = np.log(np.maximum(filters @ magnitudes, QUIETEST))
    return logarithms


def test_the_spectrogram_is_what_its_definition_says() -> None:
    pcm = voice_like(1)
    ours = Mel(128, CPU).spectrogram(torch.from_numpy(pcm), torch.tensor(len(pcm))).numpy()
    assert ours.shape == (128, len(pcm) // HOP_SAMPLES)
    np.testing.assert_allclose(ours, plain_spectrogram(pcm, 128), atol=1e-3)


def test_a_convolution_mirrors_the_edges_and_keeps_the_length() -> None:
    average = Conv(torch.ones(1, 1, 3) / 3, torch.zeros(1), dilation=2)
    x = torch.arange(6, dtype=torch.float32)[None, None]      # mirrored: 2 1 | 0 1 2 3 4 5 | 4 3
    averages = average(x, Heard(6, torch.tensor(6)))[0, 0].tolist()
    assert averages == pytest.approx([(2 + 0 + 2) / 3, (1 + 1 + 3) / 3, 2, 3, (2 + 4 + 4) / 3, (3 + 5 + 3) / 3])


def test_a_convolution_mirrors_the_edge_where_the_recording_ends() -> None:
    average = Conv(torch.ones(1, 1, 3) / 3, torch.zeros(1), dilation=2)
    x = torch.tensor([[[0, 1, 2, 3, 100, -100, 7]]], dtype=torch.float32)      # mirrored: 2 1 | 0 1 2 3 | 2 1
    assert average(x, Heard(7, torch.tensor(4)))[0, 0, :4].tolist() == pytest.approx([4 / 3, 5 / 3, 4 / 3, 5 / 3])


def test_the_filters_are_those_of_transformers() -> None:
    """With which the original makes them."""
    theirs = mel_filter_bank(num_frequency_bins=WINDOW_SAMPLES // 2 + 1, num_mel_filters=128, min_frequency=0.0,
                             max_frequency=HIGHEST_HZ, sampling_rate=SAMPLE_RATE_HZ, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(mel_filters(128), theirs.T, rtol=1e-12, atol=1e-15)


@pytest.fixture(scope="module")
def speakers(tiny_checkpoint: TinyCheckpoint) -> SpeakerEncoder:
    checkpoint = open_checkpoint(tiny_checkpoint("base"))
    assert checkpoint.config.speaker_encoder is not None
    return SpeakerEncoder(checkpoint.config.speaker_encoder, checkpoint.main(CPU, torch.float32), CPU)


def embedding(speakers: SpeakerEncoder, pcm: np.ndarray, n_padding: int = 0) -> torch.Tensor:
    sound = torch.cat([torch.from_numpy(pcm), torch.full((n_padding,), 0.3)])
    with torch.inference_mode():
        return speakers.embed(sound, torch.tensor(len(pcm)))


@pytest.mark.parametrize("n_samples", [24_000, 24_001, 38_911, 60_000])
def test_what_follows_a_recording_is_not_heard(speakers: SpeakerEncoder, n_samples: int) -> None:
    pcm = voice_like(3)[:n_samples]
    alone = embedding(speakers, pcm)
    for n_padding in (1, 100, 48_000):
        assert distance(embedding(speakers, pcm, n_padding), alone) < 1e-6


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_voices_are_told_apart_and_their_breath_is_not(speakers: SpeakerEncoder) -> None:
    low, again, high = (embedding(speakers, voice_like(2, hz, seed)) for hz, seed in ((110, 0), (110, 1), (300, 0)))
    assert low.shape == (64,)
    assert low.isfinite().all()
    assert distance(again, low) < 0.5 * distance(high, low)


def test_the_embedding_has_no_length(speakers: SpeakerEncoder) -> None:
    for seconds in (1, 1.01, 7):
        assert embedding(speakers, voice_like(seconds)).shape == (64,)
