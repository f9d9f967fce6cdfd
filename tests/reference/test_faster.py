"""What is asked of faster-qwen3-tts is what the real package takes. It speaks on a CUDA device alone: here only its own
signatures are asked, in an environment that has it (`python -m pytest tests/reference/test_faster.py`)."""

from importlib import import_module
from typing import Any
from unittest.mock import create_autospec

import numpy as np
import pytest
import torch

from tests.parity.oracle_imports import import_qwen_tts
from worker.bench.compare import faster_row
from worker.bench.compare.lines import lines
from worker.bench.load import Lengths

N_SAMPLES = 24_000


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Any:
    tts_class = import_qwen_tts().Qwen3TTSModel
    faster_class = import_module("faster_qwen3_tts").FasterQwen3TTS
    tts = create_autospec(faster_class, instance=True)
    tts.model = create_autospec(tts_class, instance=True)
    tts.model.get_supported_speakers.return_value = ["vivian"]
    tts.generate_custom_voice.return_value = ([np.zeros(N_SAMPLES, np.float32)], 24_000)
    tts.generate_custom_voice_streaming.side_effect = lambda **_: ((np.zeros(1920), 24_000, {}) for _ in range(9))
    monkeypatch.setattr(faster_class, "from_pretrained", create_autospec(faster_class.from_pretrained, return_value=tts))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return tts


def test_each_text_is_spoken_whole_and_once_more_as_a_stream(package: Any) -> None:
    said = lines(3, Lengths(1, 2))
    spoken = faster_row.Faster("folder").spoken(said, limit_s=10.0)
    assert (spoken.n_utterances, spoken.audio_s, len(spoken.first_s)) == (3, 3.0, 3)
    asked = [call.kwargs for call in package.generate_custom_voice.call_args_list]
    assert asked == [{"text": line.text, "speaker": "vivian", "language": "english", "max_new_tokens": line.n_frames}
                     for line in said]
    streamed = [call.kwargs for call in package.generate_custom_voice_streaming.call_args_list]
    assert streamed == [{**how, "chunk_size": faster_row.CHUNK_FRAMES} for how in asked]
