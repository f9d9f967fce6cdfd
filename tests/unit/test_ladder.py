"""What becomes of a take that fails its checks: another seed, two halves, the best of all."""

import numpy as np
import pytest

from speechmill.errors import Unspeakable, VoiceFailed
from tests.unit.scripted_voice import Planned, ScriptedVoice, broken, endless, good, holey, quiet
from worker.join import PAUSE_S
from worker.ladder import Checked, Ladder, Sound
from worker.takes.duration import longest_s
from worker.takes.flags import Flag
from worker.text.piece import Boundary
from worker.voices.seam import SAMPLE_RATE_HZ, BrokenSound, Utterance

TEXT = "It rained all night long. In the morning the lake had come."
HALVES = ["It rained all night long.", "In the morning the lake had come."]


def climb(*script: Planned, text: str = TEXT, draws: bool = True, again: bool = True,
          seed: int = 7) -> tuple[Checked, ScriptedVoice, Ladder]:
    voice = ScriptedVoice([*script])

    def speak(utterance: Utterance) -> Sound:
        speech = voice.speak(utterance)
        return Sound(np.concatenate(list(speech.chunks())), speech.capped)

    ladder = Ladder(speak, draws=draws, again=again)
    take = ladder.climb(Utterance(text=text, voice="middle", language="en", seed=seed, instructions="calmly"))
    assert ladder.n_spoken == len(voice.heard) == len(script)
    return take, voice, ladder


def seconds(take: Checked) -> float:
    return len(take.pcm) / SAMPLE_RATE_HZ


def test_a_good_take_is_spoken_once_with_the_seed_it_was_given_and_trimmed() -> None:
    take, voice, _ = climb(good(2.0))
    assert take.flags == ()
    assert 2.0 < seconds(take) < 2.15
    assert voice.heard[0].seed == 7


def test_every_utterance_is_stopped_when_its_own_text_can_take_no_longer() -> None:
    _, voice, _ = climb(endless(), endless(), endless(), endless())
    assert [heard.longest_s for heard in voice.heard] == [longest_s(text) for text in (TEXT, TEXT, *HALVES)]


def test_a_failed_take_is_spoken_again_with_another_seed() -> None:
    take, voice, _ = climb(endless(), good())
    assert take.flags == ()
    first, second = voice.heard
    assert (first.text, first.instructions) == (second.text, second.instructions)
    assert first.seed != second.seed


def test_an_operator_may_have_each_text_spoken_once() -> None:
    take, _, ladder = climb(endless(), again=False)
    assert Flag.TOO_LONG in take.flags
    assert ladder.n_spoken == 1


def test_a_take_that_is_no_use_is_spoken_again_all_the_same() -> None:
    take, _, ladder = climb(broken(), good(), again=False)
    assert (take.flags, ladder.n_spoken) == ((), 2)


def test_the_other_seeds_follow_from_the_first() -> None:
    _, one, _ = climb(holey(), holey(), good(), good(), seed=7)
    _, same, _ = climb(holey(), holey(), good(), good(), seed=7)
    _, other, _ = climb(holey(), holey(), good(), good(), seed=8)
    seeds, others = [heard.seed for heard in one.heard], [heard.seed for heard in other.heard]
    assert seeds == [heard.seed for heard in same.heard]
    assert len({*seeds, *others}) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_take_that_fails_twice_is_spoken_in_halves_and_joined_as_a_paragraph_is() -> None:
    take, voice, _ = climb(holey(), holey(), good(1.0), good(1.5))
    assert take.flags == ()
    assert [heard.text for heard in voice.heard[2:]] == HALVES
    assert seconds(take) == pytest.approx(1.09 + PAUSE_S[Boundary.SENTENCE] + 1.59, abs=0.03)


def test_when_nothing_helps_the_least_grave_take_is_kept_with_its_flags() -> None:
    take, _, _ = climb(endless(), quiet(), holey(), good())
    assert take.flags == (Flag.TOO_QUIET,)
    take, _, _ = climb(endless(), holey(), quiet(), good())
    assert take.flags == (Flag.TOO_QUIET,)  # of the halves' first
    assert seconds(take) > 4


def test_of_equal_takes_the_first_is_kept() -> None:
    take, _, _ = climb(holey(1.0), holey(2.0), holey(), good())
    assert seconds(take) == pytest.approx(1.0 + 2.0, abs=0.15)


def test_flags_of_both_halves_are_told_once_each_the_gravest_first() -> None:
    take, _, _ = climb(endless(), endless(), quiet(), holey(1.0))
    assert take.flags == (Flag.INNER_SILENCE, Flag.TOO_QUIET)


def test_a_voice_that_does_not_draw_is_not_asked_for_the_same_bytes_again() -> None:
    take, voice, _ = climb(holey(), good(1.0), good(1.0), draws=False)
    assert take.flags == ()
    assert [heard.text for heard in voice.heard] == [TEXT, *HALVES]


def test_a_text_too_short_for_halves_is_spoken_twice_at_most() -> None:
    take, _, _ = climb(endless(), endless(), text="Yes.")
    assert take.flags == (Flag.TOO_LONG, Flag.CUT_OFF)


def test_a_take_that_is_no_sound_counts_as_failed_and_another_is_spoken() -> None:
    take, _, _ = climb(broken(), good())
    assert take.flags == ()
    take, _, _ = climb(Planned(error=BrokenSound("NaN in frame 1.")), good())
    assert take.flags == ()


def test_a_flagged_take_is_better_than_no_sound() -> None:
    take, _, _ = climb(broken(), holey(), broken())
    assert take.flags == (Flag.INNER_SILENCE,)


def test_where_nothing_was_any_use_the_voice_failed() -> None:
    with pytest.raises(VoiceFailed, match="not numbers"):
        climb(broken(), Planned(), broken())


def test_a_voice_that_breaks_down_is_not_asked_again() -> None:
    with pytest.raises(VoiceFailed, match="died"):
        climb(Planned(error=VoiceFailed("The engine died.")))
    with pytest.raises(VoiceFailed, match="died"):
        climb(holey(), Planned(error=VoiceFailed("The engine died.")))


def test_a_text_that_the_voice_has_no_sound_for_is_not_spoken_again() -> None:
    with pytest.raises(Unspeakable):
        climb(Planned(error=Unspeakable("no sound")))


def test_a_half_that_the_voice_has_no_sound_for_leaves_the_whole_takes() -> None:
    take, _, _ = climb(holey(), holey(), Planned(error=Unspeakable("no sound")))
    assert take.flags == (Flag.INNER_SILENCE,)
