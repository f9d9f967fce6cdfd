"""The engine over a runner that computes nothing: from submit to the last sample, step by step."""

import threading

import numpy as np
import pytest

from tests.unit.engine.still_engine import REFERENCE_SEED, StillEngine, expected_sound, reference
from tests.unit.engine.still_runner import Fate
from worker.engine.errors import BrokenNumbers, EngineFull
from worker.engine.scheduler import SHORT_FRAMES
from worker.engine.speaker import Speak, Speaker
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance
from worker.model.sampling import Sampling


def saturated(still: StillEngine, *, n_batch: int = 30) -> StillEngine:
    """All slots that batch may have are busy, and more wait."""
    for _ in range(n_batch):
        still.submit(Fate(), max_frames=60)
    for _ in range(10):
        still.step()
    return still


def test_the_engine_is_a_speaker() -> None:
    speaker: Speaker = StillEngine().engine
    assert speaker.info.name == "still"


def test_an_utterance_becomes_sound_until_its_end_token() -> None:
    still = StillEngine()
    speak_id = still.submit(Fate(n_frames=7))
    still.run()
    heard = still.listener.of(speak_id)
    assert np.array_equal(heard.pcm, expected_sound(speak_id, 7))
    assert (heard.ends, heard.capped, heard.error) == (1, False, None)


def test_an_utterance_without_an_end_token_is_capped_and_says_so() -> None:
    still = StillEngine()
    speak_id = still.submit(Fate(), max_frames=9)
    still.run()
    heard = still.listener.of(speak_id)
    assert np.array_equal(heard.pcm, expected_sound(speak_id, 9))
    assert heard.capped


def test_a_cap_is_lowered_to_what_the_prompt_leaves_of_the_slot() -> None:
    still = StillEngine(slot_positions=12)
    speak_id = still.submit(Fate(), text="of these words there are six", max_frames=9)
    still.run()
    heard = still.listener.of(speak_id)
    assert (heard.n_frames, heard.capped) == (6, True)


def test_an_utterance_of_one_frame_is_one_frame_long() -> None:
    still = StillEngine()
    spoken, capped = still.submit(Fate(n_frames=1)), still.submit(Fate(), max_frames=1)
    still.run()
    assert [still.listener.of(one).n_frames for one in (spoken, capped)] == [1, 1]
    assert [still.listener.of(one).capped for one in (spoken, capped)] == [False, True]


def test_a_thousand_utterances_end_in_order_of_arrival_within_their_slots() -> None:
    still = StillEngine(n_slots=16, prefill_batch=8)
    ids = [still.submit(Fate(n_frames=5)) for _ in range(1000)]
    still.run()
    assert still.runner.joined == ids
    assert all(still.listener.of(speak_id).n_frames == 5 for speak_id in ids)
    assert max(map(len, still.runner.decoded)) == 15


def test_many_slots_stay_full_of_short_utterances() -> None:
    still = StillEngine(n_slots=320, interactive_slots=0, prefill_batch=2, batch_frames=1000, slot_positions=128)
    for _ in range(1000):
        still.submit(Fate(n_frames=SHORT_FRAMES), max_frames=100)
    for _ in range(150):
        still.step()
    assert len(still.runner.decoded[-1]) == 320


def test_an_interactive_utterance_in_a_saturated_engine_is_prefilled_in_the_very_next_step() -> None:
    still = saturated(StillEngine(n_slots=8, interactive_slots=2, prefill_batch=4))
    n_prefills, n_decoded = len(still.runner.prefills), len(still.runner.decoded)
    speak_id = still.submit(Fate(n_frames=10), interactive=True)
    still.step()
    assert still.runner.prefills[n_prefills:] == [[speak_id]]
    assert speak_id in still.runner.decoded[n_decoded]
    assert still.engine._utterances[speak_id].n_frames == 0
    still.step()
    assert still.engine._utterances[speak_id].n_frames == 1


def test_an_interactive_streamed_utterance_is_heard_while_the_others_are_spoken() -> None:
    still = saturated(StillEngine(n_slots=8, interactive_slots=2, prefill_batch=4))
    speak_id = still.submit(Fate(n_frames=20), interactive=True, streamed=True)
    for _ in range(4):  # prefill and frame 0; frame 0 read, and to the codec; its sound is ready, and told before frame 3 is
        still.step()
    assert still.listener.of(speak_id).n_frames == 1
    assert still.listener.n_pieces_flushed == 1, "while the frame was waited for"


def test_a_streamed_utterance_is_told_in_growing_chunks() -> None:
    still = StillEngine(slot_positions=128)
    speak_id = still.submit(Fate(n_frames=84), streamed=True, max_frames=100)
    still.run()
    heard = still.listener.of(speak_id)
    assert [len(pcm) // SAMPLES_PER_FRAME for pcm in heard.pieces] == [1, 2, 4, 8, 16, 25, 25, 3]
    assert np.array_equal(heard.pcm, expected_sound(speak_id, 84))
    assert [len(codes) for codes in still.codec.streams[0].seen] == [1, 2, 4, 8, 16, 25, 25, 4], "the end is padded to company"


def test_among_many_streams_a_new_one_is_heard_first() -> None:
    still = StillEngine(n_slots=40, interactive_slots=4, prefill_batch=2, batch_frames=500, slot_positions=256)
    for n_frames in range(60, 130):
        still.submit(Fate(n_frames=n_frames), streamed=True, max_frames=200)
    for _ in range(90):
        still.step()
    speak_id = still.submit(Fate(n_frames=60), streamed=True, interactive=True, max_frames=200)
    for _ in range(5):
        still.step()
    assert still.listener.of(speak_id).n_frames == 1
    still.run()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("n_frames", [1, 2, 3, 6, 7])
def test_a_clones_reference_goes_through_the_codec_and_is_not_heard(streamed: bool, n_frames: int) -> None:
    still = StillEngine()
    speak_id = still.submit(Fate(n_frames=n_frames), streamed=streamed, reference=reference(5))
    still.run()
    assert np.array_equal(still.listener.of(speak_id).pcm, expected_sound(speak_id, n_frames))
    if streamed:
        seen = np.concatenate(still.codec.streams[0].seen)
        assert seen[:5 + n_frames, 0].tolist() == [REFERENCE_SEED] * 5 + [speak_id] * n_frames
        assert not seen[5 + n_frames:].any(), "padding, after the end alone"
    else:
        assert still.codec.takes == [[5 + n_frames]]


def test_takes_of_similar_length_are_decoded_together() -> None:
    still = StillEngine(n_slots=9, interactive_slots=0, prefill_batch=9, batch_frames=1000)
    for n_frames in (10, 50, 10, 50, 10):
        still.submit(Fate(n_frames=n_frames), max_frames=55)
    still.submit(Fate(n_frames=53), max_frames=55)
    still.run()
    assert still.codec.takes == [[10, 10, 10], [50, 50, 53]]


def test_a_take_longer_than_a_batch_is_decoded_by_itself() -> None:
    still = StillEngine(batch_frames=8)
    ids = [still.submit(Fate(n_frames=12)) for _ in range(3)]
    still.run()
    assert still.codec.takes == [[12], [12], [12]]
    assert all(still.listener.of(speak_id).n_frames == 12 for speak_id in ids)


def test_many_streams_do_not_keep_whole_takes_from_being_decoded() -> None:
    still = StillEngine(n_slots=32, interactive_slots=0, prefill_batch=1, batch_frames=100, slot_positions=512)
    for _ in range(30):
        still.submit(Fate(), streamed=True, max_frames=400)
    whole = still.submit(Fate(n_frames=3))
    for _ in range(100):
        still.step()
    assert still.listener.of(whole).ends == 1


def test_a_cancelled_utterance_frees_its_slot_at_the_next_step_and_is_heard_no_more() -> None:
    still = StillEngine(n_slots=1, interactive_slots=0)
    first, second = still.submit(Fate(), streamed=True), still.submit(Fate(n_frames=4))
    for _ in range(6):
        still.step()
    n_frames = still.listener.of(first).n_frames
    still.cancel(first)
    still.step()
    assert still.runner.prefills[-1] == [second]
    still.run()
    assert still.listener.of(first).n_frames == n_frames
    assert still.listener.of(second).n_frames == 4
    assert still.runner.n_prefilled_while_unread == 1


@pytest.mark.parametrize("streamed", [False, True])
def test_sound_on_its_way_to_a_cancelled_utterance_is_dropped(streamed: bool) -> None:
    still = StillEngine()
    speak_id, other = still.submit(Fate(n_frames=2), streamed=streamed), still.submit(Fate(n_frames=40), max_frames=50)
    while not (still.codec.chunks or still.codec.takes):
        still.step()
    assert still.listener.of(speak_id).pieces == []
    still.cancel(speak_id)
    still.run()
    assert still.listener.of(speak_id).pieces == []
    assert still.listener.of(other).n_frames == 40


@pytest.mark.parametrize(("streamed", "n_read"), [(False, 5), (True, 3)])
def test_the_codec_is_given_nothing_more_of_a_cancelled_utterance(streamed: bool, n_read: int) -> None:
    still = StillEngine(batch_frames=1000)
    speak_id = still.submit(Fate(n_frames=5), streamed=streamed)
    still.submit(Fate(), max_frames=60)
    still.step()
    while still.engine._utterances[speak_id].n_frames < n_read:
        still.step()
    n_launched = still.codec.n_launched
    still.cancel(speak_id)
    for _ in range(30):
        still.step()
    assert still.codec.n_launched == n_launched


def test_cancelling_works_wherever_an_utterance_is_and_when_it_is_gone() -> None:
    still = StillEngine(n_slots=1, interactive_slots=0)
    running, waiting, arriving = (still.submit(Fate(n_frames=3)) for _ in range(3))
    still.cancel(arriving)
    still.step()
    still.cancel(waiting)
    still.run()
    still.cancel(running)
    still.engine.cancel(999)
    still.run()
    assert [still.listener.of(one).ends for one in (running, waiting, arriving)] == [1, 0, 0]
    assert still.engine.gauges()["inside"] == 0


def test_broken_numbers_fail_one_utterance_and_the_others_go_on() -> None:
    still = StillEngine()
    whole, streamed = still.submit(Fate(broken_at=3)), still.submit(Fate(broken_at=4), streamed=True)
    fine = still.submit(Fate(n_frames=8))
    still.run()
    for speak_id, n_heard in ((whole, 0), (streamed, 3)):
        heard = still.listener.of(speak_id)
        assert isinstance(heard.error, BrokenNumbers)
        assert heard.n_frames == n_heard
    assert "frame 3" in str(still.listener.of(whole).error)
    assert still.listener.of(fine).n_frames == 8


def test_what_cannot_be_spoken_is_refused_at_once_and_takes_no_place() -> None:
    still = StillEngine(n_slots=1, interactive_slots=0, max_waiting=0)
    for _ in range(3):
        with pytest.raises(BadUtterance):
            still.submit(Fate(), text="")
    speak_id = still.submit(Fate(n_frames=2))
    still.run()
    assert still.listener.of(speak_id).ends == 1


def test_an_engine_that_is_full_says_so_and_still_lets_interactive_ones_in() -> None:
    still = StillEngine(n_slots=4, interactive_slots=1, max_waiting=3)
    for _ in range(6):
        still.submit(Fate(n_frames=2))
    with pytest.raises(EngineFull, match="6 utterances"):
        still.submit(Fate(n_frames=2))
    still.submit(Fate(n_frames=2), interactive=True)
    with pytest.raises(EngineFull, match="7 utterances"):
        still.submit(Fate(n_frames=2), interactive=True)
    still.run()
    still.submit(Fate(n_frames=2))


def test_an_id_in_use_is_not_taken_twice() -> None:
    still = StillEngine()
    speak_id = still.submit(Fate(n_frames=3))
    with pytest.raises(ValueError, match=f"utterance {speak_id} is in the engine already"):
        still.engine.submit(Speak(speak_id, "again", "english"))


def test_an_idle_engine_has_nothing_to_do() -> None:
    still = StillEngine()
    assert still.engine.step() is False
    still.submit(Fate(n_frames=2))
    assert still.run() < 10
    assert still.engine.step() is False


def test_a_lost_slot_is_noticed_when_the_engine_becomes_idle() -> None:
    still = StillEngine()
    still.submit(Fate(n_frames=2))
    still.step()
    still.engine._scheduler.slots._free.pop()
    with pytest.raises(RuntimeError, match="lost or doubled"):
        still.run()


def test_gauges_say_what_is_going_on() -> None:
    still = saturated(StillEngine(n_slots=4, interactive_slots=1), n_batch=10)
    gauges = still.engine.gauges()
    assert (gauges["slots_used"], gauges["slots_free"]) == (3, 1)
    assert (gauges["waiting_batch"], gauges["waiting_interactive"]) == (7, 0)
    assert gauges["steps"] == 10
    assert 2 < gauges["mean_rows"] <= 3
    still.run()
    gauges = still.engine.gauges()
    assert gauges["audio_s"] == pytest.approx(10 * 60 * 0.08)
    assert (gauges["frames"], gauges["inside"]) == (600, 0)


def test_utterances_may_be_submitted_and_cancelled_from_many_threads() -> None:
    still = StillEngine(n_slots=8, prefill_batch=4)
    ids = range(1, 401)
    still.fates.update({speak_id: Fate(n_frames=4) for speak_id in ids})
    still.runner.cancelled.update(ids[9::10])

    def send(mine: range) -> None:
        for speak_id in mine:
            still.engine.submit(Speak(speak_id, "a few words", "english", sampling=Sampling(seed=speak_id, max_frames=9)))
            if speak_id in still.runner.cancelled:
                still.engine.cancel(speak_id)

    threads = [threading.Thread(target=send, args=(ids[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        still.step()
    still.run()
    for speak_id in ids:
        heard = still.listener.of(speak_id).n_frames
        assert heard == 4 or (heard == 0 and speak_id in still.runner.cancelled)
    assert still.engine.gauges()["inside"] == 0
