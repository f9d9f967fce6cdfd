"""What can't be spoken is refused before any GPU time, by the name of the field that is wrong."""

from dataclasses import replace

import pytest

from tests.unit.model.conftest import TinyCheckpoint
from worker.model.checkpoint import open_checkpoint
from worker.model.config import Kind
from worker.model.errors import BadUtterance, CheckpointError
from worker.model.prompting import Prompter, Script, frames_that_fit
from worker.model.text_tokens import TextTokens

SPEAKABLE: dict[Kind, Script] = {
    "custom_voice": Script("Hello", voice="ryan"),
    "voice_design": Script("Hello", instructions="A warm low voice"),
    "base": Script("Hello", clone="x_vector"),
}


@pytest.fixture(scope="module")
def prompters(tiny_checkpoint: TinyCheckpoint) -> dict[Kind, Prompter]:
    tokens = TextTokens(tiny_checkpoint("base"))      # all kinds have one vocabulary
    return {kind: Prompter(open_checkpoint(tiny_checkpoint(kind)).config, tokens) for kind in SPEAKABLE}


@pytest.mark.parametrize("kind", SPEAKABLE)
def test_what_is_right_passes(prompters: dict[Kind, Prompter], kind: Kind) -> None:
    prompters[kind].check(SPEAKABLE[kind])


REFUSALS: list[tuple[Kind, dict[str, str], str, str]] = [
    ("custom_voice", {"text": ""}, "text", "text says nothing"),
    ("custom_voice", {"text": " \n\t\u3000"}, "text", "text says nothing"),
    ("custom_voice", {"text": "ab\ud800"}, "text", "surrogate pair at character 2"),
    ("custom_voice", {"voice": "nobody"}, "voice", "aiden, dylan, eric, ono_anna, ryan, serena, sohee, uncle_fu, vivian"),
    ("custom_voice", {"voice": ""}, "voice", "should be one of aiden"),
    ("custom_voice", {"language": "klingon"}, "language", "auto, chinese, english, french, german, italian, japanese, korean"),
    ("custom_voice", {"language": "beijing_dialect"}, "language", "unknown"),
    ("custom_voice", {"instructions": "slow \udc00"}, "instructions", "surrogate pair at character 5"),
    ("custom_voice", {"clone": "x_vector"}, "reference", "can't clone"),
    ("custom_voice", {"reference_text": "Hello"}, "reference_text", "without a reference"),
    ("voice_design", {"instructions": " "}, "instructions", "needs a description of the voice"),
    ("voice_design", {"voice": "ryan"}, "voice", "the instructions describe its voice"),
    ("voice_design", {"clone": "icl", "reference_text": "Hello"}, "reference", "can't clone"),
    ("base", {"clone": "none"}, "reference", "in the voice of a recording"),
    ("base", {"clone": "icl"}, "reference_text", "what the reference says"),
    ("base", {"clone": "icl", "reference_text": "\n"}, "reference_text", "what the reference says"),
    ("base", {"instructions": "slowly"}, "instructions", "not trained on them"),
    ("base", {"voice": "ryan"}, "voice", "the reference is its voice"),
]


@pytest.mark.parametrize(("kind", "wrong", "param", "says"), REFUSALS)
def test_a_refusal_names_the_field_and_says_what_would_be_right(
    prompters: dict[Kind, Prompter], kind: Kind, wrong: dict[str, str], param: str, says: str
) -> None:
    script = replace(SPEAKABLE[kind], **wrong)      # type: ignore[arg-type]
    with pytest.raises(BadUtterance, match=says) as refused:
        prompters[kind].check(script)
    assert refused.value.param == param
    with pytest.raises(BadUtterance, match=says):
        prompters[kind].prompt(script)


def test_the_small_custom_voice_checkpoint_refuses_instructions_rather_than_drop_them(tiny_checkpoint: TinyCheckpoint) -> None:
    folder = tiny_checkpoint("custom_voice")
    prompter = Prompter(replace(open_checkpoint(folder).config, size="0b6"), TextTokens(folder))
    prompter.check(SPEAKABLE["custom_voice"])
    with pytest.raises(BadUtterance, match=r"1\.7B") as refused:
        prompter.check(replace(SPEAKABLE["custom_voice"], instructions="slowly"))
    assert refused.value.param == "instructions"


def test_the_words_of_another_checkpoint_are_refused_as_soon_as_they_meet_its_config(tiny_checkpoint: TinyCheckpoint) -> None:
    folder = tiny_checkpoint("custom_voice")
    config, tokens = open_checkpoint(folder).config, TextTokens(folder)
    Prompter(replace(config, text_vocab_size=tokens.highest_id + 1), tokens)
    with pytest.raises(CheckpointError, match=r"ids up to 151642, .* text_vocab_size is 151642\. .* Fetch it whole") as refused:
        Prompter(replace(config, text_vocab_size=tokens.highest_id), tokens)
    assert str(folder / "vocab.json") in refused.value.message


@pytest.mark.parametrize(("n_positions", "max_frames", "fitting"), [
    (1, 99, 99), (99, 1, 1), (50, 50, 50), (10, 20, 20),
    (60, 41, 40), (60, 80, 40), (99, 2, 1),     # what is left of the slot
])
def test_a_cap_is_lowered_to_what_is_left_but_not_below_half(n_positions: int, max_frames: int, fitting: int) -> None:
    assert frames_that_fit(n_positions, max_frames, slot_positions=100) == fitting


@pytest.mark.parametrize(("n_positions", "max_frames", "param", "says"), [
    (60, 81, "max_frames", "takes 60 positions .* max_frames 81, of the 100 of a slot; max_frames should be at most 40"),
    (100, 1, "text", "the text or the reference should be shorter"),
    (10, 0, "max_frames", r"max_frames is 0; it should be at least 1 \(80 ms\)"),
    (10, -3, "max_frames", "max_frames is -3"),
])
def test_what_does_not_fit_a_slot_is_refused_with_the_numbers(n_positions: int, max_frames: int, param: str, says: str) -> None:
    with pytest.raises(BadUtterance, match=says) as refused:
        frames_that_fit(n_positions, max_frames, slot_positions=100)
    assert refused.value.param == param
