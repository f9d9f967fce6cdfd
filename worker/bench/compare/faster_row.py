"""The package faster-qwen3-tts (https://pypi.org/project/faster-qwen3-tts, MIT): qwen-tts with its frame in CUDA graphs, one
utterance at a time. Written against 0.5.4."""

import importlib
import time
from collections.abc import Sequence
from typing import Any

import torch

from worker.bench.compare.lines import Line
from worker.bench.compare.order import Order, tell
from worker.bench.compare.row import Spoken
from worker.bench.subject.channel import Channel
from worker.model.config import SAMPLE_RATE_HZ
from worker.model.errors import EngineError

CHUNK_FRAMES = 4
"""Of its stream. Its own choice is 12; fewer are heard sooner."""

_POSITIONS = 2048
_WARM_UP_LINE = Line("A few words to get warm.", n_frames=4, seed=0)


def measure(channel: Channel) -> None:
    order = Order.from_json(channel.order)
    package = Faster(order.checkpoint)
    package.spoken([_WARM_UP_LINE], order.limit_s)
    channel.ready()
    for load in order.loads:
        spoken = package.spoken(load.lines, order.limit_s)
        tell(channel, load, spoken, f"first sound of a stream in chunks of {CHUNK_FRAMES} frames")


class Faster:
    """The package on one checkpoint, bf16, on a CUDA device."""

    def __init__(self, checkpoint: str) -> None:
        """Raises EngineError where there is no GPU: it has nothing for a CPU."""
        if not torch.cuda.is_available():
            raise EngineError("faster-qwen3-tts needs a CUDA device")
        package = importlib.import_module("faster_qwen3_tts")
        self._tts: Any = package.FasterQwen3TTS.from_pretrained(checkpoint, device="cuda", dtype=torch.bfloat16,
                                                                attn_implementation="sdpa", max_seq_len=_POSITIONS)
        self._voice = next(iter(self._tts.model.get_supported_speakers()))

    def spoken(self, lines: Sequence[Line], limit_s: float) -> Spoken:
        """Each line whole, one after the other; then each once more as a stream, to its first sound."""
        began = time.perf_counter()
        n_samples, n_spoken = 0, 0
        for line in lines:
            if time.perf_counter() - began > limit_s:
                break
            sounds, _rate_hz = self._tts.generate_custom_voice(**self._asked(line))
            n_samples, n_spoken = n_samples + len(sounds[0]), n_spoken + 1
        wall_s = time.perf_counter() - began
        return Spoken(n_samples / SAMPLE_RATE_HZ, wall_s, n_spoken, [self._first_s(line) for line in lines[:n_spoken]])

    def _first_s(self, line: Line) -> float:
        began = time.perf_counter()
        stream = self._tts.generate_custom_voice_streaming(**self._asked(line), chunk_size=CHUNK_FRAMES)
        next(stream)
        first_s = time.perf_counter() - began
        stream.close()
        return first_s

    def _asked(self, line: Line) -> dict[str, object]:
        """Unlike qwen-tts, max_new_tokens frames are just so many."""
        torch.manual_seed(line.seed)
        return {"text": line.text, "speaker": self._voice, "language": "english", "max_new_tokens": line.n_frames}
