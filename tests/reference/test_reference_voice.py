"""The unmodified package as a Speaker: every mode, alone and in company."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parity.ours import speak_of
from tests.parity.utterances import UTTERANCES, Utterance
from tests.parity.vectors import kept_of, load, relative
from tests.reference import real_package
from tests.unit.reference.still_package import NotingListener
from worker.engine.client import EngineClient, StartOptions
from worker.engine.errors import EngineDied
from worker.engine.speaker import Pcm, Speak
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance, EngineError
from worker.model.sampling import Sampling
from worker.reference.options import ReferenceOptions
from worker.reference.speaker import ReferenceSpeaker

LIMIT = 1e-4
"""Of sound, where rows of a call are padded to one length: float32 sums in another order."""

Folder = Callable[[str], Path]


class Voice:
    """One that is warm, on a checkpoint."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.reports: list[str] = []
        self.listener = NotingListener()
        asked = ReferenceOptions(folder, **{"device": "cpu", "batch": 8, "gather_s": 0.0, **options})
        self.speaker: ReferenceSpeaker = real_package.speaker(asked, self.listener, self.reports.append)

    def say(self, *speaks: Speak) -> list[Pcm]:
        """In as few calls as may be."""
        self.listener.sounds.clear()
        for number, speak in enumerate(speaks):
            self.speaker.submit(replace(speak, id=number))
        while self.speaker.step():
            pass
        assert not self.listener.errors
        return [self.listener.sounds[number] for number in range(len(speaks))]


def utterances(checkpoint: str) -> list[Utterance]:
    return [each for each in UTTERANCES if each.checkpoint == checkpoint]


@pytest.mark.parametrize("name", ["custom_voice", "custom_voice_0b6", "voice_design", "base"])
def test_every_mode_sounds_as_the_package_alone_does_although_many_are_spoken_at_once(checkpoint: Folder, name: str) -> None:
    voice = Voice(checkpoint(name))
    spoken = load(name).spoken
    for utterance, pcm in zip(utterances(name), voice.say(*map(speak_of, utterances(name))), strict=True):
        stored = spoken[utterance.name]
        assert len(pcm) == stored.n_samples, utterance.name
        assert relative(kept_of(pcm), stored.samples) <= LIMIT, utterance.name


def test_an_utterance_says_whether_its_end_or_its_cap_came_first(checkpoint: Folder) -> None:
    voice = Voice(checkpoint("voice_design"))
    said = utterances("voice_design")
    voice.say(*map(speak_of, said))
    assert voice.listener.capped == {number for number, utterance in enumerate(said) if not utterance.ends}
    assert voice.speaker.gauges()["prefills"] == 2, "two were fed whole, two token by token"


def test_the_same_seed_in_the_same_company_gives_the_same_sound(checkpoint: Folder) -> None:
    voice = Voice(checkpoint("custom_voice"))
    speak = Speak(0, "Good day to you.", "english", voice="vivian", sampling=Sampling(seed=2**62 + 3, max_frames=6))
    other = replace(speak, text="And to you.")
    [alone], [again] = voice.say(speak), voice.say(speak)
    [otherwise] = voice.say(replace(speak, sampling=replace(speak.sampling, seed=4)))
    assert (alone == again).all()
    assert not np.array_equal(alone, otherwise)
    assert all(map(np.array_equal, voice.say(speak, other), voice.say(speak, other)))


def test_bfloat16_speaks_too(checkpoint: Folder) -> None:
    voice = Voice(checkpoint("custom_voice"), dtype="bfloat16")
    [pcm] = voice.say(Speak(0, "Good day.", "english", voice="vivian", sampling=Sampling(max_frames=4)))
    assert len(pcm) == 4 * SAMPLES_PER_FRAME
    assert voice.speaker.info.revision.endswith("-bfloat16")


def test_flash_attention_steps_down_where_there_is_no_gpu_and_says_so(checkpoint: Folder) -> None:
    voice = Voice(checkpoint("custom_voice"), attention="flash_attention_2")
    assert "attention: sdpa (no FlashAttention: it needs a CUDA device)" in voice.speaker.info.notes


def test_what_the_checkpoint_can_not_speak_is_refused_as_the_engine_refuses_it(checkpoint: Folder) -> None:
    voice = Voice(checkpoint("custom_voice"))
    with pytest.raises(BadUtterance, match="voice 'nobody'"):
        voice.speaker.submit(Speak(0, "Hello", "english", voice="nobody"))
    assert voice.speaker.info.kind == "custom_voice"
    assert "vivian" in voice.speaker.info.voices


@pytest.mark.timeout(600)  # a minute of CPU
def test_compiled_it_sounds_the_same_and_is_really_compiled(checkpoint: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kernels: to build those takes a CPU minutes."""
    import torch
    from torch._dynamo.utils import counters

    compile_ = torch.compile
    compiled: list[str] = []

    def compile_without_kernels(forward: Any, *, mode: str, **how: Any) -> Any:
        compiled.append(f"{mode} {type(forward.__self__).__name__}")
        return compile_(forward, backend="eager", **how)

    monkeypatch.setattr(torch, "compile", compile_without_kernels)
    counters.clear()
    voice = Voice(checkpoint("custom_voice"), batch=1, compile="default", fullgraph=True)
    assert voice.speaker.info.notes[-1] == "compile: mode default"
    assert compiled == ["default Qwen3TTSTalkerModel", "default Qwen3TTSTalkerCodePredictorModel",
                        "default Qwen3TTSTokenizerV2Decoder"]
    assert counters["stats"]["unique_graphs"] >= 3
    said = utterances("custom_voice")[0]
    [pcm] = voice.say(speak_of(said))
    assert relative(kept_of(pcm), load("custom_voice").spoken[said.name].samples) <= LIMIT


def test_it_lives_in_the_engine_s_process(checkpoint: Folder) -> None:
    options = ReferenceOptions(checkpoint("base"), device="cpu", batch=2, cpu_threads=1)
    client = EngineClient(StartOptions("tests.reference.real_package:speaker", options))
    try:
        info = client.start()
        assert (info.kind, info.n_slots, info.notes) == ("base", 2, ("attention: sdpa", "compile: off"))
        speaks = [speak_of(each) for each in utterances("base")[:3]]
        speakings = [client.speak(replace(speak, id=number)) for number, speak in enumerate(speaks)]
        lengths = [sum(map(len, speaking.chunks())) for speaking in speakings]
        assert lengths == [load("base").spoken[each.name].n_samples for each in utterances("base")[:3]]
    finally:
        client.close()


def test_without_the_package_it_says_what_to_install(checkpoint: Folder) -> None:
    """Its process has no empty modules: sox is absent here, and so the package can't be imported."""
    options = ReferenceOptions(checkpoint("custom_voice"), device="cpu")
    client = EngineClient(StartOptions("worker.reference.build:speaker", options))
    try:
        with pytest.raises(EngineError, match=r"speechmill\[reference\]") as caught:
            client.start()
        assert not isinstance(caught.value, EngineDied)
    finally:
        client.close()
