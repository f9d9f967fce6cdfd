"""Voices of one's own in the job store: made in two steps, kept until they are deleted, and not taken from jobs that speak with
them."""

from typing import Any

import pytest

from speechmill.blobs.seam import recording_key
from speechmill.job import Phase, Status, Unit
from speechmill.request import ReferenceSpec, SpeechSpec
from speechmill.store import reaping, verbs, voices
from speechmill.store.verbs import Submission, Submitted
from speechmill.tasks import KEY_PREFIX
from speechmill.voice import Consent, Recording, Voice, VoiceSpec
from tests.contract.store.conftest import OUTPUT, Mill

RECORDING = Recording(sha256="5ec", bytes=10, duration_seconds=4.0, speech_seconds=3.5, level_dbfs=-20.0, peak_dbfs=-3.0)
KEY = "t/local/voices/v/5ec"


def voice_id(n: int) -> str:
    return f"voice_{n:032x}"


def submit_voice(mill: Mill, tenant: str = "local", *, limit: int = 10, phase: Phase = Phase.PLAN, **more: Any) -> Submitted:
    n = next(mill.ids)
    spec = VoiceSpec(model="tone", voice="low", language="en", source="upload", name=f"Voice {n}", for_model="tone",
                     said="Hello.", consent=Consent(given_at=1))
    given: dict[str, Any] = {"job_id": voice_id(n), "tenant": tenant, "spec": spec, "phase": phase, "text": "", "characters": 6,
                             "input_key": recording_key(tenant, voice_id(n), "5ec"), "request_id": f"req_{n}",
                             "fingerprint": f"print{n}", "voice_limit": limit}
    return mill.store.run(verbs.submit(Submission(**{**given, **more})))


def make(mill: Mill, tenant: str = "local") -> Voice:
    """One that is ready."""
    made = submit_voice(mill, tenant).job_id
    assert recorded(mill, mill.claim("cpu:batch"))
    assert mill.completed(mill.claim("speech:tone:batch")).committed
    return look(mill, made, tenant)


def recorded(mill: Mill, unit: Unit) -> bool:
    return mill.store.run(voices.recorded(unit, RECORDING, KEY, model="tone")).committed


def look(mill: Mill, made: str, tenant: str = "local") -> Voice:
    voice = mill.store.run(voices.look_at_voice(made, tenant))
    assert voice
    return voice


def listed(mill: Mill, tenant: str = "local") -> list[str]:
    return mill.store.run(verbs.list_jobs(tenant, status="", after="", limit=100, newest_first=False, kind="voices")) or []


def submit_with(mill: Mill, voice: Voice) -> str:
    """A job that speaks with it."""
    reference = ReferenceSpec(sha256="5ec", voice_id=voice.id)
    return mill.submit(spec=SpeechSpec(model="tone", voice="low", language="en", reference=reference)).job_id


def delete(mill: Mill, voice: Voice, tenant: str = "local") -> str:
    return mill.store.run(voices.delete_voice(voice.id, tenant))[0]


def out_of_date(mill: Mill) -> list[str]:
    return [each.job_id for each in mill.store.run(verbs.reapable(100))]


def is_unnamed(mill: Mill, voice: Voice) -> bool:
    key = f"t/local/voices/{voice.id}/encoded.npz"
    return mill.store.run(reaping.unnamed([(voice.id, key)])) == [key]


def test_a_voice_is_recorded_on_a_cpu_worker_and_says_its_first_words_on_a_speech_worker(mill: Mill) -> None:
    made = submit_voice(mill).job_id
    assert (look(mill, made).state, look(mill, made).waiting is not None) == ("preparing", True)
    examined = mill.claim("cpu:batch")
    assert (examined.kind, examined.phase, examined.plan_key) == ("voice", Phase.PLAN, "")
    assert recorded(mill, examined)
    assert look(mill, made).recording == RECORDING
    words = mill.claim("speech:tone:batch")
    assert (words.job_id, words.phase, words.plan_key) == (made, Phase.WHOLE, KEY)
    assert mill.completed(words).committed
    voice = look(mill, made)
    assert (voice.state, voice.preview, voice.known().sha256) == ("ready", OUTPUT, "5ec")


def test_recording_it_may_be_repeated_and_a_stale_lease_records_nothing(mill: Mill) -> None:
    submit_voice(mill)
    unit = mill.claim("cpu:batch")
    assert recorded(mill, unit)
    assert recorded(mill, unit)
    submit_voice(mill)
    late = mill.claim("cpu:batch")
    mill.let_leases_end(late)
    mill.sweep()
    assert not recorded(mill, late)
    assert mill.counts("depth")["speech:tone:batch"] == 1


def test_a_designed_voice_goes_from_one_model_to_the_other(mill: Mill) -> None:
    submit_voice(mill, phase=Phase.WHOLE, input_key="")
    designed = mill.claim("speech:tone:batch")
    assert mill.store.run(voices.recorded(designed, RECORDING, KEY, model="other")).committed
    words = mill.claim("speech:other:batch")
    assert (words.plan_key, words.token) == (KEY, designed.token + 1)


def test_a_voice_that_is_ready_is_kept_and_one_that_failed_goes_with_time(mill: Mill) -> None:
    kept = make(mill)
    failed = submit_voice(mill).job_id
    assert mill.failed(mill.claim("cpu:batch")) == "failed"
    with_dates = mill.store.redis.zrange(KEY_PREFIX + "expiry", 0, -1)
    assert with_dates == [failed]
    assert not is_unnamed(mill, kept)
    known = look(mill, failed).known()
    assert (known.state, known.reason) == ("failed", "broke")


def test_nobody_else_looks_at_it_or_deletes_it(mill: Mill) -> None:
    voice = make(mill)
    assert mill.store.run(voices.look_at_voice(voice.id, "other")) is None
    assert delete(mill, voice, "other") == "missing"
    assert (listed(mill), listed(mill, "other")) == ([voice.id], [])
    assert mill.store.run(voices.look_at_voice(mill.submit().job_id, "local")) is None


def test_a_tenant_has_so_many_and_those_that_failed_do_not_count(mill: Mill) -> None:
    assert [submit_voice(mill, limit=2).outcome for _ in range(3)] == ["created", "created", "many"]
    assert submit_voice(mill, limit=2).limit == 2
    assert submit_voice(mill, "other", limit=2).outcome == "created"
    mill.failed(mill.claim("cpu:batch"))
    assert submit_voice(mill, limit=2).outcome == "created"


def test_voices_that_failed_are_not_listed_without_end(mill: Mill) -> None:
    failed = []
    for _ in range(101):
        failed.append(submit_voice(mill, limit=1).job_id)
        mill.failed(mill.claim("cpu:batch"))
    assert (submit_voice(mill, limit=1).outcome, submit_voice(mill, "other", limit=1).outcome) == ("many", "created")
    mill.store.run(voices.delete_voice(failed[0], "local"))
    assert submit_voice(mill, limit=1).outcome == "created"


def test_a_deleted_voice_that_nobody_speaks_with_may_go_at_once_and_leaves_nothing(mill: Mill) -> None:
    voice = make(mill)
    assert delete(mill, voice) == "free"
    assert mill.store.run(voices.look_at_voice(voice.id, "local")) is None
    assert listed(mill) == []
    assert out_of_date(mill) == [voice.id]
    mill.store.run(verbs.reaped(voice.id))
    assert list(mill.store.redis.scan_iter(match=f"*{voice.id}*")) == []
    assert is_unnamed(mill, voice)


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_deleted_voice_goes_when_the_last_job_with_it_has_ended(mill: Mill, end: str) -> None:
    voice = make(mill)
    first, second = submit_with(mill, voice), submit_with(mill, voice)
    assert delete(mill, voice) == "in_use"
    assert delete(mill, voice) == "in_use"
    mill.completed(mill.claim("speech:tone:batch"))
    assert (out_of_date(mill), is_unnamed(mill, voice)) == ([], False)
    assert mill.look(first).status is Status.COMPLETED
    if end == "cancelled":
        mill.store.run(verbs.cancel(second, "local"))
    else:
        unit = mill.claim("speech:tone:batch")
        assert mill.completed(unit).committed if end == "completed" else mill.failed(unit)
    assert out_of_date(mill) == [voice.id]


def test_a_job_that_is_tried_again_speaks_with_it_again(mill: Mill) -> None:
    voice = make(mill)
    job = submit_with(mill, voice)
    mill.failed(mill.claim("speech:tone:batch"))
    mill.store.run(verbs.retry(job, "local"))
    assert delete(mill, voice) == "in_use"


def test_the_key_of_a_deleted_voice_makes_a_new_one_although_jobs_still_speak_with_the_old(mill: Mill) -> None:
    first = submit_voice(mill, idempotency_key="one", fingerprint="same").job_id
    assert recorded(mill, mill.claim("cpu:batch"))
    mill.completed(mill.claim("speech:tone:batch"))
    submit_with(mill, look(mill, first))
    assert delete(mill, look(mill, first)) == "in_use"
    again = submit_voice(mill, idempotency_key="one", fingerprint="same")
    assert (again.outcome, again.job_id == first) == ("created", False)


@pytest.mark.parametrize("is_leased", [True, False])
def test_a_voice_may_be_deleted_while_it_is_made(mill: Mill, is_leased: bool) -> None:
    made = submit_voice(mill).job_id
    unit = mill.claim("cpu:batch") if is_leased else None
    outcome = mill.store.run(voices.delete_voice(made, "local"))[0]
    assert outcome == ("in_use" if is_leased else "free")
    assert listed(mill) == []
    if unit:
        assert out_of_date(mill) == []
        mill.store.run(verbs.released(unit))
    assert out_of_date(mill) == [made]
    assert mill.nothing_to_claim()


def test_its_name_is_changed_only_by_who_has_seen_it_as_it_is(mill: Mill) -> None:
    voice = make(mill)
    renamed = voice.spec.model_copy(update={"name": "Ada"})
    assert mill.store.run(voices.describe(voice, renamed))
    assert mill.store.run(voices.describe(voice, renamed))
    assert not mill.store.run(voices.describe(voice, voice.spec.model_copy(update={"name": "Grace"})))
    assert look(mill, voice.id).spec.name == "Ada"


def test_voices_are_looked_up_once_while_a_request_is_checked(mill: Mill) -> None:
    voice = make(mill)
    known = voices.StoredVoices(mill.store, "local")
    assert known.get(voice.id) == voice.known()
    assert known.get(voice_id(999)) is None
    delete(mill, voice)
    assert known.get(voice.id) == voice.known()
    assert voices.StoredVoices(mill.store, "other").get(voice.id) is None
