"""What stands at which position, in every mode."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.model.conftest import TinyCheckpoint
from tests.unit.model.prompt_layout import Layout
from worker.model.checkpoint import open_checkpoint
from worker.model.config import Kind
from worker.model.prompt import NONE
from worker.model.prompting import Clone, Prompter, Script
from worker.model.reference import PreparedReference
from worker.model.text_tokens import TextTokens

NO_LANGUAGE = ["codec_nothink", "codec_think_bos", "codec_think_eos"]


@pytest.fixture(scope="module")
def tokens(tiny_checkpoint: TinyCheckpoint) -> TextTokens:
    return TextTokens(tiny_checkpoint("base"))      # all kinds have one vocabulary


@pytest.fixture
def layout(tiny_checkpoint: TinyCheckpoint, tokens: TextTokens, request: pytest.FixtureRequest) -> Layout:
    kind: Kind = getattr(request, "param", "custom_voice")
    return Layout(open_checkpoint(tiny_checkpoint(kind)).config, tokens)


@pytest.fixture
def prompter(layout: Layout) -> Prompter:
    return Prompter(layout.config, layout.tokens)


def reference(n_frames: int) -> PreparedReference:
    codes = np.arange(n_frames * 16, dtype=np.int32).reshape(n_frames, 16)
    return PreparedReference(speaker=np.full(64, 0.5, np.float32), codes=codes, sha256="")


def clone(text: str, mode: Clone, n_frames: int) -> tuple[Script, PreparedReference]:
    return Script(text, clone=mode, reference_text="Hello" if mode == "icl" else ""), reference(n_frames)


def test_whole_text_stands_before_the_first_frame(layout: Layout, prompter: Prompter) -> None:
    prompt = prompter.prompt(Script("Hello you.", language="english", voice="ryan"))
    words = layout.words("Hello you.")
    role = layout.words("assistant\n")
    assert layout.text(prompt) == ["im_start", *role, *["tts_pad"] * 5, "tts_bos", *words, "tts_eos", "tts_pad"]
    assert layout.code_0(prompt) == [
        "-", "-", "-", "codec_think", "codec_think_bos", "english", "codec_think_eos", "ryan", "codec_pad",
        *["codec_pad"] * len(words), "codec_pad", "codec_bos"]
    assert (prompt.code_ids[:, 1:] == NONE).all()
    assert (len(prompt.trailing_ids), prompt.speaker, prompt.reference_codes) == (0, None, None)


def test_text_token_by_token_follows_the_frames(layout: Layout, prompter: Prompter) -> None:
    prompt = prompter.prompt(Script("Hello you.", voice="ryan", feed="token"))
    first, *rest = layout.words("Hello you.")
    assert layout.text(prompt)[-1] == first
    assert layout.code_0(prompt)[-3:] == ["ryan", "codec_pad", "codec_bos"]
    assert layout.trailing(prompt) == [*rest, "tts_eos"]


def test_auto_names_no_language(layout: Layout, prompter: Prompter) -> None:
    assert layout.code_0(prompter.prompt(Script("Hello", voice="ryan")))[3:7] == [*NO_LANGUAGE, "ryan"]


@pytest.mark.parametrize(("voice", "language", "heard"), [
    ("eric", "auto", "sichuan_dialect"), ("dylan", "chinese", "beijing_dialect"), ("eric", "english", "english"),
    ("ryan", "chinese", "chinese")])
def test_some_voices_speak_their_dialect_where_chinese_may_be_meant(
    layout: Layout, prompter: Prompter, voice: str, language: str, heard: str
) -> None:
    assert layout.code_0(prompter.prompt(Script("你好", language, voice)))[5] == heard


def test_the_case_of_voice_and_language_does_not_matter(prompter: Prompter) -> None:
    loud, plain = prompter.prompt(Script("Hi", "ENGLISH", "Ono_Anna")), prompter.prompt(Script("Hi", "english", "ono_anna"))
    assert (loud.code_ids == plain.code_ids).all()


def test_instructions_are_a_users_turn_before(layout: Layout, prompter: Prompter) -> None:
    plain = Script("Hello", voice="ryan")
    prompt = prompter.prompt(replace(plain, instructions="Speak slow"))
    turn = ["im_start", *layout.words("user\nSpeak slow"), "im_end", *layout.words("\n")]
    assert layout.text(prompt) == [*turn, *layout.text(prompter.prompt(plain))]
    assert (prompt.code_ids[:len(turn)] == NONE).all()


def test_blank_instructions_are_none(prompter: Prompter) -> None:
    plain = Script("Hello", voice="ryan")
    assert len(prompter.prompt(replace(plain, instructions=" \n"))) == len(prompter.prompt(plain))


@pytest.mark.parametrize("layout", ["voice_design"], indirect=True)
def test_a_designed_voice_has_no_speaker_at_all(layout: Layout, prompter: Prompter) -> None:
    prompt = prompter.prompt(Script("Hello", instructions="A warm low voice"))
    n_turn = len(layout.words("user\nA warm low voice")) + 3
    assert layout.code_0(prompt)[n_turn + 3:][:5] == [*NO_LANGUAGE, "codec_pad", "codec_pad"]


@pytest.mark.parametrize("layout", ["base"], indirect=True)
def test_an_x_vector_takes_the_speakers_place(layout: Layout, prompter: Prompter) -> None:
    prompt = prompter.prompt(*clone("Hello you", "x_vector", 3))
    assert prompt.speaker is not None
    assert (prompt.speaker == 0.5).all()
    assert layout.text(prompt)[prompt.speaker_at:prompt.speaker_at + 2] == ["tts_pad", "tts_bos"]
    assert layout.code_0(prompt)[:prompt.speaker_at + 2] == ["-", "-", "-", *NO_LANGUAGE, "-", "codec_pad"]
    assert prompt.reference_codes is None, "the codes are for icl alone"


@pytest.mark.parametrize("layout", ["base"], indirect=True)
def test_icl_whole_puts_both_texts_before_the_references_sound(layout: Layout, prompter: Prompter) -> None:
    script, prepared = clone("you", "icl", 3)
    prompt = prompter.prompt(script, prepared)
    words = [*layout.words("Hello"), *layout.words("you"), "tts_eos"]
    assert layout.text(prompt)[prompt.speaker_at + 2:] == [*words, *["tts_pad"] * 4]
    assert layout.code_0(prompt)[prompt.speaker_at + 2:-3] == [*["codec_pad"] * len(words), "codec_bos"]
    assert prepared.codes is not None
    assert (prompt.code_ids[-3:] == prepared.codes).all()
    assert (prompt.code_ids[:-3, 1:] == NONE).all()
    assert prompt.reference_codes is prepared.codes


@pytest.mark.parametrize("layout", ["base"], indirect=True)
@pytest.mark.parametrize("n_frames", [1, 40])
def test_icl_token_by_token_lays_the_texts_beside_the_references_sound(layout: Layout, prompter: Prompter, n_frames: int) -> None:
    script, prepared = clone("you", "icl", n_frames)
    prompt = prompter.prompt(replace(script, feed="token"), prepared)
    words = [*layout.words("Hello"), *layout.words("you"), "tts_eos"]
    n_sound = 1 + n_frames
    pads = ["tts_pad"] * max(n_sound - len(words), 0)
    assert layout.text(prompt)[-n_sound:] == [*words[:n_sound], *pads], "tts_pad where the sound outlasts the text"
    assert layout.trailing(prompt) == words[n_sound:], "what is left where the text outlasts the sound"
    assert layout.code_0(prompt)[-n_sound] == "codec_bos"
    assert prepared.codes is not None
    assert (prompt.code_ids[-n_frames:] == prepared.codes).all()


@pytest.mark.parametrize("layout", ["base"], indirect=True)
@pytest.mark.parametrize("feed", ["whole", "token"])
@pytest.mark.parametrize("mode", ["x_vector", "icl"])
def test_the_length_is_known_before_the_reference_is_encoded(prompter: Prompter, feed: str, mode: Clone) -> None:
    script, prepared = clone("A longer text, to be counted.", mode, 7)
    script = replace(script, feed="whole" if feed == "whole" else "token")
    assert prompter.count_positions(script, 7) == len(prompter.prompt(script, prepared))


def test_a_line_end_before_the_text_stays_as_qwen_tts_has_it(layout: Layout, prompter: Prompter) -> None:
    """It counts as the role's third token there, whatever it is merged with."""
    prompt = prompter.prompt(Script("\nHello", voice="ryan"))
    assert prompt.text_ids[1:3].tolist() == layout.tokens.ids("assistant\n\nHello")[:2].tolist()


def test_arrays_are_what_the_device_gathers_by(prompter: Prompter) -> None:
    prompt = prompter.prompt(Script("Hello", voice="ryan", feed="token"))
    assert {array.dtype for array in (prompt.text_ids, prompt.code_ids, prompt.trailing_ids)} == {np.dtype(np.int32)}
    assert prompt.code_ids.shape == (len(prompt), 16)
