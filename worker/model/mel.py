"""The mel spectrogram that the speaker encoder hears, as qwen-tts's `mel_spectrogram` has it (modeling_qwen3_tts.py; HiFi-GAN's,
Kong et al. 2020, arXiv:2010.05646): magnitudes, Slaney's mel scale and area norm, natural logarithm."""

import torch
from torch.nn import functional
from transformers.audio_utils import mel_filter_bank

from worker.model.config import SAMPLE_RATE_HZ

WINDOW_SAMPLES = 1024
HOP_SAMPLES = 256
HIGHEST_HZ = 12_000
QUIETEST = 1e-5


class Mel:
    """Filters and window, kept on one device."""

    def __init__(self, n_mels: int, device: torch.device) -> None:
        filters = mel_filter_bank(
            num_frequency_bins=WINDOW_SAMPLES // 2 + 1, num_mel_filters=n_mels, min_frequency=0.0, max_frequency=HIGHEST_HZ,
            sampling_rate=SAMPLE_RATE_HZ, norm="slaney", mel_scale="slaney")
        self._filters = torch.from_numpy(filters.T.copy()).to(device, torch.float32)      # [n_mels, n_frequencies]
        self._window = torch.hann_window(WINDOW_SAMPLES, device=device)                   # [WINDOW_SAMPLES]

    def spectrogram(self, pcm: torch.Tensor) -> torch.Tensor:
        """`pcm` [n_samples] float32, 24 kHz. Returns [n_mels, n_samples // 256], float32."""
        edge = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
        padded = functional.pad(pcm[None], (edge, edge), mode="reflect")[0]
        waves = torch.stft(padded, WINDOW_SAMPLES, HOP_SAMPLES, window=self._window, center=False, return_complex=True)
        # 1e-9 under the root: the encoder was trained with it.
        magnitudes = torch.sqrt(torch.view_as_real(waves).square().sum(-1) + 1e-9)        # [n_frequencies, n_frames]
        return torch.log(torch.clamp(self._filters @ magnitudes, min=QUIETEST))
