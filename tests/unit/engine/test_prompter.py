"""What a Speak becomes: the prompt of its checkpoint, or a refusal before anything is encoded."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from worker.engine.prompter import CheckpointPrompter
from worker.engine.speaker import Reference, Speak
from worker.model.config import Kind
from worker.model.config_file import checkpoint_config
from worker.model.errors import BadUtterance
from worker.model.fields import Fields
from worker.model.prompting import Prompter, Script
from worker.model.random_config import codec_config, main_config
from worker.model.random_tokenizer import write_tokenizer
from worker.model.reference import Pcm, PreparedReference
from worker.model.sampling import Sampling
from worker.model.text_tokens import TextTokens

SLOT_POSITIONS = 100


class CountedReferences:
    """Encodes nothing: 1920 samples are a frame of zeros."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def launch(self, pcm: Pcm, sha256: str, *, with_codes: bool) -> "Prepared":
        self.asked.append(with_codes)
        codes = np.zeros((len(pcm) // 1920, 16), np.int32) if with_codes else None
        return Prepared(PreparedReference(np.ones(64, np.float32), codes, sha256))


@dataclass
class Prepared:
    reference: PreparedReference

    def ready(self) -> bool:
        return True

    def wait(self) -> PreparedReference:
        return self.reference


@pytest.fixture(scope="module")
def prompters(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kind], Prompter]:
    def of(kind: Kind) -> Prompter:
        folder = tmp_path_factory.mktemp(kind)
        write_tokenizer(folder)
        for name, content in (("main.json", main_config("tiny", kind)), ("codec.json", codec_config("tiny"))):
            (folder / name).write_text(json.dumps(content))
        config = checkpoint_config(Fields.read(folder / "main.json"), Fields.read(folder / "codec.json"))
        return Prompter(config, TextTokens(folder))

    return of


@pytest.fixture(scope="module")
def custom_voice(prompters: Callable[[Kind], Prompter]) -> Prompter:
    return prompters("custom_voice")


@pytest.fixture(scope="module")
def base(prompters: Callable[[Kind], Prompter]) -> Prompter:
    return prompters("base")


def speech(n_frames: int, text: str = "") -> Reference:
    return Reference(np.random.default_rng(1).uniform(-0.5, 0.5, n_frames * 1920).astype(np.float32), text)


def test_a_speak_becomes_the_prompt_of_its_words(custom_voice: Prompter) -> None:
    made = CheckpointPrompter(custom_voice, None, slot_positions=SLOT_POSITIONS)
    speak = Speak(1, "Good morning.", "english", voice="Ryan", sampling=Sampling(max_frames=20), feed="token")
    made.check(speak)
    expected = custom_voice.prompt(Script("Good morning.", "english", voice="Ryan", feed="token"))
    assert np.array_equal(made.prompt(speak).code_ids, expected.code_ids)
    assert np.array_equal(made.prompt(speak).trailing_ids, expected.trailing_ids)


@pytest.mark.parametrize(("text", "n_codes"), [("", 0), ("What it says.", 20)])
def test_a_reference_with_text_is_continued_and_one_without_lends_its_voice(base: Prompter, text: str, n_codes: int) -> None:
    references = CountedReferences()
    made = CheckpointPrompter(base, references, slot_positions=SLOT_POSITIONS)
    speak = Speak(1, "Good morning.", "english", reference=speech(20, text), sampling=Sampling(max_frames=20))
    made.check(speak)
    assert references.asked == []
    launched = made.launch(speak)
    assert references.asked == [n_codes > 0]
    assert launched.ready()
    prompt = launched.wait()
    assert prompt.speaker is not None
    assert (0 if prompt.reference_codes is None else len(prompt.reference_codes)) == n_codes


def test_what_check_counts_is_what_prompt_needs(base: Prompter) -> None:
    speak = Speak(1, "Good morning.", "english", reference=speech(20, "What it says."), sampling=Sampling(max_frames=20))
    n_positions = len(CheckpointPrompter(base, CountedReferences(), slot_positions=SLOT_POSITIONS).launch(speak).wait())
    CheckpointPrompter(base, CountedReferences(), slot_positions=n_positions + 10).check(speak)
    with pytest.raises(BadUtterance, match=f"takes {n_positions} positions") as refusal:
        CheckpointPrompter(base, CountedReferences(), slot_positions=n_positions + 9).check(speak)
    assert refusal.value.param == "max_frames"


def test_a_reference_is_refused_before_it_is_encoded(base: Prompter) -> None:
    references = CountedReferences()
    made = CheckpointPrompter(base, references, slot_positions=SLOT_POSITIONS)
    with pytest.raises(BadUtterance, match="silent") as refusal:
        made.check(Speak(1, "Good morning.", "english", reference=Reference(np.zeros(48000, np.float32))))
    assert (refusal.value.param, references.asked) == ("reference", [])


def test_who_cannot_clone_says_so_whatever_the_reference_is_like(custom_voice: Prompter) -> None:
    made = CheckpointPrompter(custom_voice, None, slot_positions=SLOT_POSITIONS)
    half_a_second = Reference(np.zeros(12_000, np.float32))
    with pytest.raises(BadUtterance, match="clone") as refusal:
        made.check(Speak(1, "Good morning.", "english", voice="Ryan", reference=half_a_second))
    assert refusal.value.param == "reference"
