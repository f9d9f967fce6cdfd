"""From a text to a take: what a worker makes of one segment, with a store of objects in a folder and no Redis asked."""

from pathlib import Path

import numpy as np
import pytest

from speechmill.blobs.choose import open_blobs
from speechmill.blobs.seam import segment_key
from speechmill.job import Phase, Unit
from speechmill.request import SpeechSpec
from speechmill.settings import BlobSettings, Settings, WorkerSettings
from speechmill.store.client import Store
from speechmill.tasks import celery_app
from tests.unit.scripted_voice import Planned, ScriptedVoice, broken, endless, good, holey
from worker.encode import lossless_bytes
from worker.leases import Lease, Stopped
from worker.station import Station
from worker.synthesize import Take, known_take, silent_take, synthesize
from worker.take_note import Note, with_note
from worker.voices.seam import BrokenSound
from worker.voices.tone import MODEL

TEXT = "It rained all night long. In the morning the lake had come."
SPEC = SpeechSpec(model="tone", voice="middle", language="auto")


@pytest.fixture
def station(tmp_path: Path) -> Station:
    settings = Settings(blobs=BlobSettings(folder=tmp_path, url_secret="a secret of the tests"),
                        worker=WorkerSettings(scratch=tmp_path))
    return Station("speech", settings, celery_app(settings.redis.url), Store.open(settings), open_blobs(settings), model=MODEL)


def lease(attempt: int = 1) -> Lease:
    return Lease(Unit(ref="job/0", job_id="job", token=1, attempt=attempt, queue="speech:batch:tone", tenant="local",
                      model="tone", phase=Phase.SPEAK, characters=len(TEXT), spec={}, request_id="req", segment=0))


def speak(station: Station, *script: Planned, spec: SpeechSpec = SPEC, held: Lease | None = None) -> tuple[Take, ScriptedVoice]:
    voice = ScriptedVoice([*script])
    station.voice = voice
    return synthesize(station, held or lease(), spec, TEXT), voice


def test_a_good_take_was_spoken_once(station: Station) -> None:
    take, voice = speak(station, good())
    assert (take.flags, take.n_spoken, take.cached) == ((), 1, False)
    assert voice.heard[0].language == "en"


def test_the_record_says_how_many_utterances_a_take_cost_and_what_is_wrong_with_it(station: Station) -> None:
    take, _ = speak(station, holey(), holey(), holey(), good())
    record = take.record()
    assert (record["flags"], record["spoken"], record["attempts"], record["cached"]) == (["inner_silence"], 4, 1, False)


def test_whatever_was_spoken_lies_under_the_key_of_the_whole_text(station: Station) -> None:
    (first, _), (second, _) = speak(station, good()), speak(station, endless(), endless(), good(1.0), good(1.0))
    assert first.content_key == second.content_key


def test_what_is_told_of_a_stored_take_without_listening_to_it_is_what_listening_would_tell(station: Station) -> None:
    kept, _ = speak(station, holey(), holey(), holey(), holey())
    flac = lossless_bytes(kept.pcm)
    key = segment_key("local", kept.content_key)
    assert known_take(station, lease(), SPEC, TEXT) is None
    station.blobs.put(key, flac, "audio/flac")
    assert known_take(station, lease(), SPEC, TEXT) is None, "it says nothing of itself"
    station.blobs.put(key, with_note(flac, Note(len(kept.pcm), kept.flags)), "audio/flac")
    heard, voice = speak(station)
    assert voice.heard == []
    assert known_take(station, lease(), SPEC, TEXT) == heard.record()
    assert heard.record()["flags"] == ["inner_silence"]
    station.blobs.delete(key)
    assert known_take(station, lease(), SPEC, TEXT) is None, "it must lie there still"


def test_a_stored_take_is_used_as_it_is_flags_and_all(station: Station) -> None:
    kept, _ = speak(station, holey(), holey(), holey(), holey())
    station.blobs.put(segment_key("local", kept.content_key), lossless_bytes(kept.pcm), "audio/flac")
    again, voice = speak(station)
    assert voice.heard == []
    assert (again.flags, again.n_spoken, again.cached) == (kept.flags, 0, True)
    assert len(again.pcm) == len(kept.pcm)


def test_a_clients_seed_is_the_first_that_is_tried_and_the_others_follow_from_it(station: Station) -> None:
    seeded = SPEC.model_copy(update={"seed": 5})
    runs = [speak(station, holey(), good(), spec=seeded, held=lease(attempt))[1] for attempt in (1, 2)]
    assert runs[0].heard[0].seed == 5
    assert [heard.seed for heard in runs[0].heard] == [heard.seed for heard in runs[1].heard]


def test_without_a_clients_seed_each_attempt_draws_anew(station: Station) -> None:
    seeds = {speak(station, good(), held=lease(attempt))[1].heard[0].seed for attempt in (1, 2, 3)}
    assert len(seeds) == 3


def test_numbers_that_are_not_fail_a_take_alone(station: Station) -> None:
    take, _ = speak(station, broken(), good())
    assert (take.flags, take.n_spoken) == ((), 2)
    with pytest.raises(BrokenSound):
        speak(station, broken(), broken(), broken())
    take, _ = speak(station, good())
    assert take.flags == ()


def test_a_stop_between_two_utterances_is_the_end(station: Station) -> None:
    held = lease()
    station.voice = voice = ScriptedVoice([holey(), good()])
    voice.spoken = held.stop
    with pytest.raises(Stopped):
        synthesize(station, held, SPEC, TEXT)
    assert len(voice.heard) == 1


def test_a_moment_of_silence_in_place_of_what_cannot_be_spoken_says_so() -> None:
    take = silent_take("☺")
    assert take.record()["flags"] == ["unspeakable"]
    assert not take.cached
    assert not np.any(take.pcm)
