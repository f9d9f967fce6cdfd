"""A voice of one's own is kept however old it grows; one that was deleted while somebody spoke with it goes when they have ended,
with all that lies in its folder."""

from speechmill.blobs.seam import encoding_key, recording_key, result_key
from speechmill.job import Phase
from speechmill.request import ReferenceSpec, SpeechSpec
from speechmill.store import verbs, voices
from speechmill.store.verbs import Submission
from speechmill.tasks import KEY_PREFIX
from speechmill.voice import Recording, VoiceSpec
from tests.contract.reaper.conftest import AT_ONCE, PATIENT, Yard, output

VOICE = f"voice_{7:032x}"
OBJECTS = (recording_key("local", VOICE, "5ec"), encoding_key("local", VOICE, "abc"))
PREVIEW = result_key("local", VOICE, 2, "mp3")


def submit_voice(yard: Yard) -> None:
    yard.put(OBJECTS[0])
    spec = VoiceSpec(model="tone", voice="low", language="en", source="upload", name="Ada", for_model="tone", said="Hello.")
    yard.store.run(verbs.submit(Submission(VOICE, "local", spec, Phase.PLAN, 6, "", OBJECTS[0], "req", "print", voice_limit=1)))


def make_voice(yard: Yard) -> None:
    submit_voice(yard)
    recording = Recording(sha256="5ec", bytes=1, duration_seconds=4, speech_seconds=4, level_dbfs=-20, peak_dbfs=-3)
    yard.store.run(voices.recorded(yard.mill.claim(), recording, OBJECTS[0], model="tone"))
    yard.put(OBJECTS[1], PREVIEW)
    yard.store.run(verbs.completed(yard.mill.claim(), output(PREVIEW), take=None, speak_ms=1))


def test_a_voice_is_kept_however_old_it_grows(any_yard: Yard) -> None:
    make_voice(any_yard)
    any_yard.put("t/local/voices/voice_that_never_was/5ec")
    any_yard.let_age()
    any_yard.reap_a_round(AT_ONCE)
    assert set(any_yard.keys()) == {*OBJECTS, PREVIEW}


def test_one_that_was_deleted_while_it_was_in_use_goes_whole_when_nobody_speaks_with_it_any_more(any_yard: Yard) -> None:
    make_voice(any_yard)
    spec = SpeechSpec(model="tone", voice="low", language="en", reference=ReferenceSpec(sha256="5ec", voice_id=VOICE))
    any_yard.mill.submit(spec=spec)
    assert any_yard.store.run(voices.delete_voice(VOICE, "local"))[0] == "in_use"
    any_yard.let_age()
    any_yard.reap_a_round(AT_ONCE)
    assert set(any_yard.keys()) == {*OBJECTS, PREVIEW}
    any_yard.mill.completed(any_yard.mill.claim())
    any_yard.reap(PATIENT)
    assert any_yard.keys() == []
    assert list(any_yard.store.redis.scan_iter(match=f"*{VOICE}*")) == []


def test_one_that_failed_goes_with_its_date_and_its_upload_with_it(yard: Yard) -> None:
    submit_voice(yard)
    yard.mill.failed(yard.mill.claim())
    yard.reap(PATIENT)
    assert yard.keys() == [OBJECTS[0]]
    yard.store.redis.zadd(KEY_PREFIX + "expiry", {VOICE: 1})
    yard.reap(PATIENT)
    assert yard.keys() == []
    assert yard.store.run(voices.look_at_voice(VOICE, "local")) is None
