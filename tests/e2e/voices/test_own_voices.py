"""A voice of one's own: uploaded or designed, listed, heard, used by its id, and deleted with all that is of it."""

import base64
import io
import json
import time
from typing import Any

import pytest
import soundfile

from tests.e2e.voices.conftest import KEPT, VOICES, Parlour, error_of, new_parlour, ready, recording
from tests.e2e.worker_process import frozen


def test_a_recording_becomes_a_voice_with_what_was_measured_and_what_was_consented_to(parlour: Parlour) -> None:
    before = int(time.time())
    voice = parlour.voice(recording(4.0, rate_hz=16_000), name="  Ada \n Lovelace ", ref_text="It is quiet here.",
                          description="Calm.", language="en")
    assert (voice["name"], voice["description"], voice["languages"]) == ("Ada Lovelace", "Calm.", ["en"])
    assert (voice["model"], voice["source"], voice["ref_text"]) == ("mimic", "upload", "It is quiet here.")
    assert voice["recording"]["duration_seconds"] == pytest.approx(4.0, abs=0.01)
    assert voice["recording"]["level_dbfs"] == pytest.approx(-17, abs=1)
    assert "agreed" in voice["consent"]["statement"]
    assert before <= voice["consent"]["given_at"] <= time.time()
    assert voice["warnings"] == []


def test_it_is_listed_beside_the_models_voices_and_looked_at_by_its_id(parlour: Parlour) -> None:
    first, second = parlour.voice(name="One"), parlour.voice(name="Two")
    with parlour.http as http:
        listed = http.get(VOICES).json()
        webui = http.get("/audio/voices").json()
        of_tone = http.get(VOICES, params={"model": "tone"}).json()["voices"]
        looked = http.get(f"{VOICES}/{first['id']}").json()
        of_the_catalogue = http.get(f"{VOICES}/whistle").json()
    assert [voice["id"] for voice in listed["voices"] if voice["own"]] == [first["id"], second["id"]]
    assert listed == webui
    assert listed["data"] == listed["voices"]
    assert all({"id", "name", "model", "status", "languages"} <= voice.keys() for voice in listed["voices"])
    assert not any(voice["own"] for voice in of_tone)
    assert looked == first
    assert (of_the_catalogue["model"], of_the_catalogue["own"], of_the_catalogue["status"]) == ("tone", False, "ready")


def test_speech_by_its_id_sounds_as_with_the_recording_itself(parlour: Parlour) -> None:
    sound = recording(4.0)
    voice = parlour.voice(sound)
    by_id = parlour.speak(voice=voice["id"])
    assert by_id.status_code == 200, by_id.text
    job = parlour_job(parlour, by_id.headers["x-speech-job-id"])
    assert (job["model"], job["voice"]) == ("mimic", voice["id"])
    assert by_id.content == parlour.speak(model="mimic", ref_audio=as_data_url(sound)).content
    assert by_id.content == parlour.speak(voice={"id": voice["id"]}, model="tts-1").content
    assert by_id.content != parlour.speak(model="mimic").content


def test_a_long_text_and_a_book_with_a_cast_are_spoken_by_ones_own_voices(parlour: Parlour) -> None:
    narrator, guest = parlour.voice(recording(4.0)), parlour.voice(recording(5.0))
    with parlour.http as http:
        job = http.post("/v1/audio/speech/jobs", json={"input": "One sentence. " * 60, "voice": narrator["id"]}).json()
        book = http.post("/v1/audio/books", json={
            "input": "# One\n\n[voice: guest] Come in.\n\nHe came in.", "voice": narrator["id"], "formats": ["opus"],
            "cast": {"guest": {"voice": guest["id"]}}})
        assert book.status_code == 202, book.text
        assert ended(parlour, f"/v1/audio/speech/jobs/{job['id']}")["status"] == "completed"
        made = ended(parlour, f"/v1/audio/books/{book.json()['id']}")
    assert (made["status"], made["voice"], made["model"]) == ("completed", narrator["id"], "mimic")


def test_the_lines_of_a_batch_are_spoken_by_it(parlour: Parlour) -> None:
    voice = parlour.voice()
    line = json.dumps({"custom_id": "one", "method": "POST", "url": "/v1/audio/speech",
                       "body": {"input": "It is late.", "voice": voice["id"]}})
    with parlour.http as http:
        file = http.post("/v1/files", data={"purpose": "batch"}, files={"file": ("lines.jsonl", line)}).json()
        batch = http.post("/v1/batches", json={"input_file_id": file["id"], "endpoint": "/v1/audio/speech",
                                               "completion_window": "1h"}).json()
    done = ended(parlour, f"/v1/batches/{batch['id']}")
    assert (done["status"], done["request_counts"]) == ("completed", {"total": 1, "completed": 1, "failed": 0}), done


def test_what_it_said_when_it_was_made_is_its_preview(parlour: Parlour) -> None:
    voice = parlour.voice(language="de")
    with parlour.http as http:
        heard = http.get(f"{VOICES}/{voice['id']}/preview")
    assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/mpeg")
    assert 2 < soundfile.info(io.BytesIO(heard.content)).duration < 12


def test_a_voice_of_the_catalogue_is_spoken_once_for_its_preview_in_each_language(parlour: Parlour) -> None:
    with parlour.http as http:
        first = http.get(f"{VOICES}/whistle/preview")
        again = http.get(f"{VOICES}/whistle/preview")
        german = http.get(f"{VOICES}/alloy/preview", params={"model": "tone", "language": "de"})
        unknown = http.get(f"{VOICES}/nobody/preview")
        nobody_yet = http.get(f"{VOICES}/design/preview")
        jobs = http.get("/v1/audio/speech/jobs").json()["data"]
    assert (first.status_code, first.headers["content-type"]) == (200, "audio/mpeg")
    assert (again.content, again.headers["x-speech-job-id"]) == (first.content, first.headers["x-speech-job-id"])
    assert german.status_code == 200
    assert german.content != first.content
    assert {job["metadata"]["preview_of"] for job in jobs} == {"whistle", "low"}
    assert error_of(unknown) == (404, "id", "voice_not_found")
    assert error_of(nobody_yet) == (409, None, "no_preview")


def test_a_voice_is_designed_and_then_cloned_from_its_sample(parlour: Parlour) -> None:
    voice = ready(parlour.design(name="Sailor", description="A low voice, hoarse and kind."))
    other = ready(parlour.design(name="Sailor", description="A bright voice."))
    assert (voice["source"], voice["model"], voice["consent"]) == ("design", "mimic", None)
    assert voice["ref_text"].startswith("Good evening.")
    assert voice["recording"]["sha256"] != other["recording"]["sha256"]
    assert parlour.speak(voice=voice["id"]).status_code == 200
    chosen = ready(parlour.design(name="Sailor", description="Low.", text="It is late, and the tide is out.", language="en"))
    assert chosen["ref_text"] == "It is late, and the tide is out."


def test_a_voice_is_renamed_and_only_its_name_is_another(parlour: Parlour) -> None:
    voice = parlour.voice()
    with parlour.http as http:
        renamed = http.patch(f"{VOICES}/{voice['id']}", json={"name": "Grace"})
        refused = http.patch(f"{VOICES}/{voice['id']}", json={"name": ""})
        missing = http.patch(f"{VOICES}/voice_{'0' * 32}", json={"name": "Grace"})
    assert renamed.json() == {**voice, "name": "Grace"}
    assert error_of(refused) == (400, "name", "missing_field")
    assert missing.status_code == 404


def test_the_same_upload_under_one_key_is_one_voice(parlour: Parlour) -> None:
    sound = recording(3.0)
    first = parlour.upload(sound, headers={"Idempotency-Key": "one"})
    again = parlour.upload(sound, headers={"Idempotency-Key": "one"})
    other = parlour.upload(sound, headers={"Idempotency-Key": "one"}, name="Grace")
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert len(parlour.own()) == 1
    assert len(parlour.objects("/voices/")) == 1


def test_a_tenant_keeps_so_many_voices_and_no_more(parlour: Parlour) -> None:
    voices = [parlour.voice(name=f"Voice {n}") for n in range(KEPT)]
    assert error_of(parlour.upload(recording(3.0))) == (409, None, "too_many_voices")
    assert len(parlour.objects("/voices/")) == KEPT
    parlour.delete(voices[0]["id"])
    parlour.voice()


# --- gone

def test_a_deleted_voice_is_gone_with_everything_of_it(parlour: Parlour) -> None:
    voice = parlour.voice(ref_text="It is quiet here.")
    assert parlour.objects(voice["id"])
    assert parlour.delete(voice["id"]).json() == {"id": voice["id"], "object": "audio.voice.deleted", "deleted": True}
    assert parlour.objects() == []
    with parlour.mill.redis.client() as redis:
        assert list(redis.scan_iter(match=f"*{voice['id']}*")) == []
    assert parlour.own() == []
    assert parlour.delete(voice["id"]).status_code == 404
    assert error_of(parlour.speak(voice=voice["id"])) == (400, "voice", "unknown_voice")


def test_a_job_that_was_accepted_before_its_voice_was_deleted_is_spoken_with_it_and_then_the_recording_goes(
        parlour: Parlour) -> None:
    voice = parlour.voice()
    with frozen(parlour.mill, "mimic"):
        with parlour.http as http:
            job = http.post("/v1/audio/speech/jobs", json={"input": "It is late.", "voice": voice["id"]}).json()
        assert parlour.delete(voice["id"]).status_code == 200
        assert parlour.own() == []
        assert error_of(parlour.speak(voice=voice["id"])) == (400, "voice", "unknown_voice")
        assert parlour.objects(f"/voices/{voice['id']}/")
    assert ended(parlour, f"/v1/audio/speech/jobs/{job['id']}")["status"] == "completed"
    wait_until_gone(parlour, voice["id"])


def test_a_voice_may_be_deleted_while_it_is_being_made(parlour: Parlour) -> None:
    with frozen(parlour.mill, "mimic"):
        voice = parlour.upload(recording(3.0), wait_s=1).json()
        assert voice["status"] == "preparing"
        assert error_of(parlour.speak(voice=voice["id"])) == (400, "voice", "voice_not_ready")
        assert parlour.delete(voice["id"]).status_code == 200
    assert parlour.own() == []
    wait_until_gone(parlour, voice["id"])


# --- whose

def test_nobody_else_sees_hears_uses_or_deletes_it(parlour: Parlour) -> None:
    voice = parlour.voice()
    other = new_parlour(parlour.mill)
    assert other.own() == []
    with other.http as http:
        for answer in (http.get(f"{VOICES}/{voice['id']}"), http.get(f"{VOICES}/{voice['id']}/preview"),
                       http.patch(f"{VOICES}/{voice['id']}", json={"name": "Mine"}), http.delete(f"{VOICES}/{voice['id']}")):
            assert error_of(answer) == (404, "id", "voice_not_found")
        book = http.post("/v1/audio/books", json={"input": "Hello.", "cast": {"guest": {"voice": voice["id"]}}, "model": "mimic"})
    assert error_of(other.speak(voice=voice["id"])) == (400, "voice", "unknown_voice")
    assert error_of(book) == (400, "cast.guest.voice", "unknown_voice")
    assert parlour.own() == [voice]


def test_a_key_that_may_only_look_makes_hears_and_deletes_none(parlour: Parlour) -> None:
    voice = parlour.voice()
    onlooker = new_parlour(parlour.mill, "read", tenant=parlour.tenant)
    assert onlooker.own() == [voice]
    assert onlooker.upload(recording(3.0)).status_code == 403
    assert onlooker.design(name="Sailor", description="Low.").status_code == 403
    assert onlooker.delete(voice["id"]).status_code == 403
    with onlooker.http as http:
        assert http.get(f"{VOICES}/whistle/preview").status_code == 403


def test_it_is_no_job_among_jobs(parlour: Parlour) -> None:
    voice = parlour.voice()
    with parlour.http as http:
        assert http.get("/v1/audio/speech/jobs").json()["data"] == []
        assert http.get(f"/v1/audio/speech/jobs/{voice['id']}").status_code == 404
        assert http.delete(f"/v1/audio/speech/jobs/{voice['id']}").status_code == 404


def parlour_job(parlour: Parlour, job_id: str) -> dict[str, Any]:
    with parlour.http as http:
        job: dict[str, Any] = http.get(f"/v1/audio/speech/jobs/{job_id}").json()
    return job


def ended(parlour: Parlour, path: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    with parlour.http as http:
        while time.monotonic() < deadline:
            job: dict[str, Any] = http.get(path, headers={"Prefer": "wait=10"}).json()
            if job["status"] in ("completed", "failed", "cancelled", "expired"):
                return job
    raise AssertionError(json.dumps(job))


def wait_until_gone(parlour: Parlour, voice_id: str) -> None:
    """The reaper deletes what was still in use; every cpu worker has one, and one looks each second or two."""
    deadline = time.monotonic() + 60
    while parlour.objects(voice_id):
        assert time.monotonic() < deadline, parlour.objects(voice_id)
        time.sleep(0.2)


def as_data_url(sound: bytes) -> str:
    return "data:audio/wav;base64," + base64.b64encode(sound).decode()
