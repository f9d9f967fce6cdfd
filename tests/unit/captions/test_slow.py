"""Captions of a sentence whose words have times, one of which takes longer than a caption may stay."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from speechmill.captions.cues import LONGEST_S, Cue, Timed, cues_of
from speechmill.captions.pieces import MOST_COLUMNS, split

BANK = "We have $123,456,789,012.34 in the bank, and there it will stay for the next few years, as everybody knows very well."
URL = "https://docs.example.com/articles/2024/05/how-to-install-the-new-version-of-our-software-on-linux/part-2.html?id=1"
TEXTS = st.lists(st.text("ab,漢.—\u0301😀$1", min_size=1, max_size=60), min_size=1, max_size=30).map(" ".join)


def timed(text: str, *, slow: str = "", slow_s: float = 0.0, each_s: float = 0.3) -> tuple[Timed, list[Timed]]:
    """Each word takes `each_s`, the `slow` one `slow_s`; the marks at its ends belong to none."""
    words, at_s = [], 0.0
    for word in text.split():
        until_s = at_s + (slow_s if word.strip(",.“”") == slow else each_s)
        words.append(Timed(word.strip(",.“”"), at_s, until_s))
        at_s = until_s
    return Timed(text, 0.0, at_s), words


def squeezed(cues: list[Cue]) -> str:
    return "".join("".join(cue.text for cue in cues).split())


def test_a_slow_number_goes_from_the_screen_early_and_the_rest_is_as_always() -> None:
    whole, words = timed(BANK, slow="$123,456,789,012.34", slow_s=9.0)
    found = list(cues_of(whole, words))
    assert [cue.text for cue in found] == ["We have $123,456,789,012.34",
                                           "in the bank, and there it will stay for the next few years,",
                                           "as everybody knows very well."]
    starts_s = {word.text: word.start_s for word in words}
    assert [cue.start_s for cue in found] == [0.0, starts_s["in"], starts_s["as"]]
    assert [cue.end_s for cue in found] == [LONGEST_S, starts_s["as"], whole.end_s]


def test_words_that_are_not_gone_in_a_moment_have_a_cue_before_the_slow_one() -> None:
    whole, words = timed("As of today all of us have $123,456,789,012.34 in the bank.", slow="$123,456,789,012.34", slow_s=9.0)
    assert [cue.text for cue in cues_of(whole, words)] == ["As of today all of us have", "$123,456,789,012.34", "in the bank."]


def test_a_slow_word_that_fills_more_than_a_line_is_cut_further_in_step_with_its_sound() -> None:
    whole, words = timed(f"Whoever does not know it by now can see {URL} for more, or ask us.", slow=URL, slow_s=18.0)
    found = list(cues_of(whole, words))
    assert len(found) >= 4
    assert found[0].text == "Whoever does not know it by now can see"
    assert squeezed(found) == "".join(whole.text.split())
    assert all(before.end_s == after.start_s for before, after in pairwise(found))
    assert all(1.0 < cue.end_s - cue.start_s <= LONGEST_S for cue in found)


def test_a_word_torn_between_two_cues_does_not_stop_the_clock() -> None:
    text = f"{'x' * 2 * MOST_COLUMNS} and then it went on, as it always does, with some more of it until it had an end."
    whole, words = timed(text, each_s=0.5)
    found = list(cues_of(whole, words))
    starts_s = {word.text: word.start_s for word in words}
    assert [cue.start_s for cue in found[:2]] == [0.0, 0.25]
    assert [cue.start_s for cue in found[2:]] == [starts_s[cue.text.split()[0]] for cue in found[2:]]
    assert len(found) > 3


def test_slow_words_are_not_torn_without_times_of_words_either() -> None:
    found = list(cues_of(Timed("It is now $123,456,789,012.34.", 0.0, 15.0)))
    assert [cue.text for cue in found] == ["It is now", "$123,456,789,012.34."]


@given(TEXTS, st.data())
def test_cues_are_in_order_and_have_some_time_whatever_the_words_have(text: str, data: st.DataObject) -> None:
    words, at_s = [], 0.0
    for word in text.split():
        until_s = at_s + data.draw(st.sampled_from([0.0, 0.01, 0.3, 5.0, 20.0]))
        if data.draw(st.booleans()):
            words.append(Timed(word, at_s, until_s))
        at_s = until_s
    found = list(cues_of(Timed(text, 0.0, at_s + 1.0), words))
    assert squeezed(found) == "".join(text.split())
    assert found[0].start_s == 0.0
    assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(found))
    assert all(min(0.2, (at_s + 1) / len(found)) - 1e-9 <= cue.end_s - cue.start_s <= LONGEST_S + 1e-9 for cue in found)


@given(TEXTS)
def test_where_no_word_is_slow_cues_are_cut_as_if_there_were_no_times(text: str) -> None:
    words = [Timed(word, n * 0.01, (n + 1) * 0.01) for n, word in enumerate(text.split())]
    assert [cue.text for cue in cues_of(Timed(text, 0.0, 1.0), words)] == split(text)
