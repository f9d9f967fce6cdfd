"""The mel spectrogram that the speaker encoder hears, as qwen-tts's `mel_spectrogram` has it (modeling_qwen3_tts.py; HiFi-GAN's,
Kong et al. 2020, arXiv:2010.05646): magnitudes, Slaney's mel scale and area norm, natural logarithm."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.model.config import SAMPLE_RATE_HZ
from worker.model.mirrored import mirrored

WINDOW_SAMPLES = 1024
HOP_SAMPLES = 256
HIGHEST_HZ = 12_000
QUIETEST = 1e-5
LINEAR_MELS = 15
"""Slaney's scale is linear to 1 kHz, and then logarithmic:"""
STEPS_A_FACTOR = 27
"""of 6.4."""


class Mel:
    """Filters and window, kept on one device."""

    def __init__(self, n_mels: int, device: torch.device) -> None:
        self._filters = torch.from_numpy(mel_filters(n_mels)).to(device, torch.float32)   # [n_mels, n_frequencies]
        self._window = torch.hann_window(WINDOW_SAMPLES, device=device)                   # [WINDOW_SAMPLES]

    def spectrogram(self, sound: Tensor, n_samples: Tensor) -> Tensor:
        """`sound` [n] float32, 24 kHz, of which `n_samples` (int64, of no dimension) are the recording; what follows is padding.
        Returns [n_mels, n // 256] float32, of which the recording's are the first n_samples // 256."""
        edge = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
        mirrored_sound = sound[mirrored(len(sound), n_samples, edge, edge)]
        waves = torch.stft(mirrored_sound, WINDOW_SAMPLES, HOP_SAMPLES, window=self._window, center=False, return_complex=True)
        # 1e-9 under the root: the encoder was trained with it.
        magnitudes = torch.sqrt(torch.view_as_real(waves).square().sum(-1) + 1e-9)        # [n_frequencies, n_frames]
        return torch.log(torch.clamp(self._filters @ magnitudes, min=QUIETEST))


def mel_filters(n_mels: int) -> NDArray[np.float64]:
    """Triangles of equal area, evenly spaced on Slaney's scale (Auditory Toolbox, 1998): [n_mels, n_frequencies]."""
    frequencies_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, WINDOW_SAMPLES // 2 + 1)
    corners_hz = _slaney_hz(np.linspace(0, _slaney_mel(HIGHEST_HZ), n_mels + 2))[:, None]     # [n_mels + 2, 1]
    low, middle, high = corners_hz[:-2], corners_hz[1:-1], corners_hz[2:]
    rising, falling = (frequencies_hz - low) / (middle - low), (high - frequencies_hz) / (high - middle)
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return filters


def _slaney_mel(hz: float) -> float:
    """From 1 kHz on."""
    return float(LINEAR_MELS + STEPS_A_FACTOR * np.log(hz / 1000) / np.log(6.4))


def _slaney_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < LINEAR_MELS, 1000 / LINEAR_MELS * mel, 1000 * 6.4 ** ((mel - LINEAR_MELS) / STEPS_A_FACTOR))
