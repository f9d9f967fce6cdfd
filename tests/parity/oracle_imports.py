"""Lets the unmodified qwen-tts 0.1.1 be imported where some of its dependencies are absent.

`sox`, `onnxruntime` and `torchaudio` serve only its 25 Hz tokenizer, which no checkpoint of ours uses: empty modules stand in.
librosa serves three calls: `filters.mel` (transformers has the same filter bank), `load` and `resample` (never reached: parity
gives 24 kHz samples). Only what can't be imported is replaced, so where librosa is installed the original runs with it.
"""

import importlib
import io
import logging
import sys
import warnings
from contextlib import redirect_stdout
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

UNUSED = ("sox", "onnxruntime", "torchaudio.compliance.kaldi")


def import_qwen_tts() -> ModuleType:
    """The package qwen_tts. Raises ImportError where it isn't installed."""
    warnings.filterwarnings("ignore")  # its own and its dependencies': nothing in them is ours to change
    logging.getLogger("sox").setLevel(logging.ERROR)
    for name in UNUSED:
        if not importable(name):
            stand_in(name)
    if not importable("librosa.filters"):
        stand_in("librosa.filters").mel = mel_filters  # type: ignore[attr-defined]
    with redirect_stdout(io.StringIO()):  # a banner about flash-attn
        qwen_tts = importlib.import_module("qwen_tts")
    logging.getLogger("transformers").setLevel(logging.ERROR)  # now: its import sets another level
    return qwen_tts


def importable(name: str) -> bool:
    """Tried, not looked up: a package can be there and broken (numba against a newer numpy)."""
    try:
        importlib.import_module(name)
    except Exception:
        return False
    return True


def stand_in(name: str) -> ModuleType:
    """Empty modules for `name` and its parents; the last one is returned."""
    parts = name.split(".")
    for n in range(1, len(parts) + 1):
        part = ".".join(parts[:n])
        module = ModuleType(part)
        module.__spec__ = ModuleSpec(part, None, is_package=True)
        module.__path__ = []
        sys.modules[part] = module
        if n > 1:
            setattr(sys.modules[".".join(parts[:n - 1])], parts[n - 1], module)
    return module


def mel_filters(*, sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float32]:
    """librosa.filters.mel by transformers: [n_mels, n_fft // 2 + 1], Slaney's scale and norm."""
    from transformers.audio_utils import mel_filter_bank
    filters = mel_filter_bank(num_frequency_bins=n_fft // 2 + 1, num_mel_filters=n_mels, min_frequency=fmin, max_frequency=fmax,
                              sampling_rate=sr, norm="slaney", mel_scale="slaney")  # [n_fft // 2 + 1, n_mels]
    return np.ascontiguousarray(filters.T, dtype=np.float32)
