"""The package qwen-tts 0.1.1, unmodified (https://pypi.org/project/qwen-tts), on one checkpoint. One thread calls it: the
talker keeps what it knows of a batch on itself, and two calls at once would mix theirs."""

import contextlib
import importlib
import io
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from worker.engine.speaker import Pcm, Reference, Speak
from worker.engine.torch_setup import Placement
from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.errors import EngineError, TooLittleMemory
from worker.model.reference import fingerprint
from worker.model.sampling import Draw, Sampling

REPORT_S = 5.0
"""A call can take minutes; its process must give signs of life meanwhile."""

MAX_KEPT = 64
"""References kept encoded, the last used ones."""


class QwenTts:
    """A speaker.Package. `report` hears how far a long call is."""

    def __init__(self, folder: Path, placement: Placement, attention: str, report: Callable[[str], None]) -> None:
        """Raises EngineError where the package is missing, TooLittleMemory."""
        package = _import_package()
        with _out_of_memory("the weights do not fit"):
            self._tts: Any = package.Qwen3TTSModel.from_pretrained(
                str(folder), dtype=placement.dtype, device_map=str(placement.device), attn_implementation=attention)
        self._model = self._tts.model
        self._kept: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._report = report
        self._n_frames = 0       # of the call that runs
        self._next_report = 0.0
        self._model.talker.register_forward_hook(self._one_frame)

    @property
    def compilable(self) -> tuple[nn.Module, ...]:
        """Called once a frame, once a code and once a call; everything around them only decides what to call."""
        return self._model.talker.model, self._model.talker.code_predictor.model, self._model.speech_tokenizer.model.decoder

    def compile_around(self, mode: str) -> None:
        """As is usually published: torch.compile of the whole model (compiling.py says what comes of it). For measuring."""
        self._tts.model = torch.compile(self._tts.model, mode=mode)

    def speak(self, speaks: Sequence[Speak]) -> list[Pcm]:
        """See speaker.Package. torch has one generator: the first utterance's seed stands for the whole call, so an utterance
        sounds the same again only in the same company."""
        torch.manual_seed(speaks[0].sampling.seed)
        self._n_frames, self._next_report = 0, time.monotonic() + REPORT_S
        with _out_of_memory(f"{len(speaks)} utterances at once do not fit"):
            waves, _ = self._generate(speaks, [speak.text for speak in speaks], language=[speak.language for speak in speaks],
                                      non_streaming_mode=speaks[0].feed == "whole", **_sampling(speaks))
        # Behind a reference the package cuts by a rounded quotient, at times a sample early.
        return [np.asarray(wave, np.float32)[len(wave) % SAMPLES_PER_FRAME:] for wave in waves]

    def decode(self, n_frames: int, rows: int) -> None:
        """Makes the codec warm for lengths that no short call reaches."""
        codes = torch.zeros(n_frames, 16, dtype=torch.long, device=self._model.device)
        with _out_of_memory(f"{rows} utterances of {n_frames} frames do not fit the codec"):
            self._model.speech_tokenizer.decode([{"audio_codes": codes}] * rows)

    def _generate(self, speaks: Sequence[Speak], texts: list[str], **how: object) -> Any:
        """By the call that the checkpoint's kind has."""
        match self._model.tts_model_type:
            case "custom_voice":
                return self._tts.generate_custom_voice(texts, [speak.voice for speak in speaks],
                                                       instruct=[speak.instructions for speak in speaks], **how)
            case "voice_design":
                return self._tts.generate_voice_design(texts, [speak.instructions for speak in speaks], **how)
            case _:
                prompts = [self._clone_prompt(speak.reference) for speak in speaks if speak.reference]
                return self._tts.generate_voice_clone(texts, voice_clone_prompt=prompts, **how)

    def _clone_prompt(self, reference: Reference) -> Any:
        """Encoded once."""
        key = (fingerprint(reference.pcm), reference.text)
        if key not in self._kept:
            sound = np.array(reference.pcm)  # a copy: what comes over a pipe may be read-only
            [self._kept[key]] = self._tts.create_voice_clone_prompt((sound, SAMPLE_RATE_HZ), reference.text or None,
                                                                    x_vector_only_mode=not reference.text)
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _one_frame(self, *_: object) -> None:
        self._n_frames += 1
        if time.monotonic() >= self._next_report:
            self._next_report = time.monotonic() + REPORT_S
            self._report(f"speaking, {self._n_frames} frames so far")


def _sampling(speaks: Sequence[Speak]) -> dict[str, object]:
    """As qwen-tts names it. max_new_tokens N gives N - 1 frames: one more than the longest cap, which tells an utterance that
    would have gone on from one that ended there."""
    sampling: Sampling = speaks[0].sampling
    longest = max(speak.sampling.max_frames for speak in speaks)
    return {**_draw(sampling.talker, "do_sample", ""), **_draw(sampling.predictor, "subtalker_dosample", "subtalker_"),
            "repetition_penalty": sampling.repetition_penalty, "max_new_tokens": longest + 2}


def _draw(draw: Draw, switch: str, prefix: str) -> dict[str, object]:
    if not draw.temperature:
        return {switch: False}
    return {switch: True, f"{prefix}temperature": draw.temperature, f"{prefix}top_k": draw.top_k, f"{prefix}top_p": draw.top_p}


def _import_package() -> Any:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # a banner about flash-attn
            return importlib.import_module("qwen_tts")
    except ImportError as error:
        raise EngineError(f"the voice reference speaks by the package qwen-tts, which can't be imported ({error}); install "
                          "speechmill[reference] into an environment of its own: it wants another transformers than "
                          "speechmill[gpu]") from error


@contextlib.contextmanager
def _out_of_memory(what: str) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TooLittleMemory(f"{what} into the device's memory ({str(error).partition('. ')[0]}); take a smaller batch "
                              "(speech_slots), a smaller checkpoint or a larger device") from error
