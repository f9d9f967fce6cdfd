"""The unmodified qwen-tts package: so many texts in one call, which ends with its longest. Sound comes whole, so the first is
heard when the call is over."""

import time
from pathlib import Path

from worker.bench.compare.order import Load, Order, tell
from worker.bench.compare.row import Spoken
from worker.bench.subject.channel import Channel
from worker.engine.speaker import Speak
from worker.engine.torch_setup import place
from worker.model.checkpoint import open_checkpoint
from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.sampling import Sampling
from worker.reference.build import configure_torch
from worker.reference.options import ReferenceOptions
from worker.reference.package import QwenTts

_WARM_UP_FRAMES = 4


def measure(channel: Channel) -> None:
    order = Order.from_json(channel.order)
    folder = Path(order.checkpoint)
    options = ReferenceOptions(folder)
    configure_torch(options)
    package = QwenTts(folder, place(options), options.attention, lambda _line: None)
    voice = next(iter(open_checkpoint(folder).config.speakers))
    for load in order.loads:
        package.speak(_call(load, 0, voice, longest_frames=_WARM_UP_FRAMES))
    channel.ready()
    for load in order.loads:
        tell(channel, load, _spoken(package, load, voice, order.limit_s), f"calls of {load.at_once}", options.attention)


def _spoken(package: QwenTts, load: Load, voice: str, limit_s: float) -> Spoken:
    """What it speaks beyond a line's frames, because another one of the call is longer, is not wanted and does not count."""
    n_samples, first_s = 0, []
    began = time.perf_counter()
    for start in range(0, len(load.lines), load.at_once):
        asked = time.perf_counter()
        if asked - began > limit_s:
            break
        call = _call(load, start, voice)
        sounds = package.speak(call)
        n_samples += sum(min(len(pcm), speak.sampling.max_frames * SAMPLES_PER_FRAME)
                         for pcm, speak in zip(sounds, call, strict=True))
        first_s += [time.perf_counter() - asked] * len(call)
    return Spoken(n_samples / SAMPLE_RATE_HZ, time.perf_counter() - began, len(first_s), first_s)


def _call(load: Load, start: int, voice: str, longest_frames: int = 1 << 30) -> list[Speak]:
    return [Speak(number, line.text, "english", voice=voice,
                  sampling=Sampling(seed=line.seed, max_frames=min(line.n_frames, longest_frames)))
            for number, line in enumerate(load.lines[start:start + load.at_once])]
