"""What is sent as a recording and is none: refused at once where its first bytes tell, else the voice fails, with a reason that
says what would be right. Nothing of it stays, and whoever decodes it lives on."""

import io
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.e2e.voices.conftest import VOICES, Parlour, error_of, recording, voice_like
from worker.ffmpeg import find_ffmpeg


def zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("voice.wav", bytes(20_000_000))
    return file.getvalue()


def endless_wav() -> bytes:
    """A header that claims 4 GB, before half a second of sound."""
    sound = recording(0.5)
    return sound[:4] + b"\xff\xff\xff\xff" + sound[8:40] + b"\xff\xff\xff\xff" + sound[44:]


def boundless_flac() -> bytes:
    """STREAMINFO that promises the most samples and the largest blocks there are (RFC 9639 §8.2), and then noise."""
    bounds = (655_350 << 44) | (7 << 41) | (31 << 36) | (2**36 - 1)
    info = struct.pack(">HH", 65535, 65535) + bytes(6) + bounds.to_bytes(8, "big")
    return b"fLaC\x80\x00\x00\x22" + info + bytes(16) + np.random.default_rng(1).bytes(50_000)


def made_by_ffmpeg(folder: Path, name: str, *arguments: str) -> bytes:
    subprocess.run([find_ffmpeg(), "-loglevel", "error", "-f", "lavfi", *arguments, folder / name], check=True)
    return (folder / name).read_bytes()


@pytest.mark.parametrize(("content", "code", "says"), [
    (b"", "invalid_value", "is empty"),
    (b"This is no sound.", "unsupported_file", "no file of sound"),
    (b"<html><body>404</body></html>", "unsupported_file", "no file of sound"),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "unsupported_file", "no file of sound"),
    (zip_bomb(), "unsupported_file", "no file of sound"),
    (b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n", "unsupported_file", "no file of sound"),
    (b"RIFF\x24\x00\x00\x00AVI LIST", "unsupported_file", "no file of sound"),
    (b"RIFF" + bytes(3_000_000), "file_too_large", "at most 3,000,000"),
], ids=["empty", "text", "a page", "a picture", "a zip", "a playlist", "a film", "too large"])
def test_what_begins_like_no_sound_is_refused_at_once(parlour: Parlour, content: bytes, code: str, says: str) -> None:
    answer = parlour.upload(content)
    assert error_of(answer) == (400, "audio_sample", code)
    assert says in answer.json()["error"]["message"]
    assert (parlour.own(), parlour.objects()) == ([], [])


BAD: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "a header without sound": (lambda _: recording(1.0)[:44], "no sound that can be read"),
    "noise behind a header": (lambda _: b"fLaC" + np.random.default_rng(1).bytes(5000), "no sound that can be read"),
    "a FLAC without bounds": (lambda _: boundless_flac(), "no sound that can be read"),
    "half a second that claims 4 GB": (lambda _: endless_wav(), "0.50 s long"),
    "half a second": (lambda _: recording(0.5), "0.50 s long"),
    "31 seconds": (lambda _: recording(31.0, rate_hz=8000), "longer than 30 s"),
    "two hours of silence": (lambda folder: made_by_ffmpeg(folder, "long.flac", "-i", "anullsrc=r=8000:cl=mono", "-t", "7200"),
                             "longer than 30 s"),
    "silence": (lambda _: recording(3.0, loudness=0.0), "is silent"),
    "a word in silence": (lambda _: padded(), "silent but for"),
    "a film without sound": (lambda folder: made_by_ffmpeg(folder, "film.mp4", "-i", "testsrc=s=64x64:r=5", "-t", "2",
                                                           "-c:v", "mpeg4"), "no sound that can be read"),
}


def padded() -> bytes:
    file = io.BytesIO()
    pcm = np.concatenate([np.zeros(48_000), 0.3 * voice_like(0.3), np.zeros(48_000)])
    soundfile.write(file, pcm, 24_000, format="WAV")
    return file.getvalue()


def test_what_holds_no_voice_makes_a_voice_that_failed_and_says_why(parlour: Parlour, tmp_path: Path) -> None:
    for name, (make, says) in BAD.items():
        answer = parlour.upload(make(tmp_path), name=name)
        voice = answer.json()
        assert (answer.status_code, voice["status"], voice["recording"]) == (201, "failed", None), (name, voice)
        assert (voice["error"]["code"], voice["error"]["param"]) == ("bad_reference", "audio_sample"), name
        assert says in voice["error"]["message"], (name, voice["error"]["message"])
        refused = parlour.speak(voice=voice["id"])
        assert error_of(refused) == (400, "voice", "voice_not_ready")
        assert says in refused.json()["error"]["message"]
        assert parlour.delete(voice["id"]).status_code == 200
    assert parlour.objects() == []
    assert parlour.mill.programs["cpu"].running


def test_what_is_cut_off_in_the_middle_is_taken_as_far_as_it_goes(parlour: Parlour) -> None:
    voice = parlour.voice(recording(4.0)[:100_000])
    assert voice["recording"]["duration_seconds"] == pytest.approx(2.08, abs=0.05)


@pytest.mark.parametrize(("kind", "file_name"), [("FLAC", "voice.wav"), ("MP3", "voice"), ("OGG", "../../etc/passwd.txt")])
def test_what_a_file_is_called_says_nothing_and_is_part_of_no_key(parlour: Parlour, kind: str, file_name: str) -> None:
    voice = parlour.voice(recording(3.0, kind=kind), file_name=file_name)
    assert voice["recording"]["duration_seconds"] == pytest.approx(3.0, abs=0.1)
    assert all(key.startswith(f"t/{parlour.tenant}/") and "passwd" not in key for key in parlour.objects())


@pytest.mark.parametrize(("loudness", "seconds", "codes"), [
    (5.0, 4.0, {"clipping"}), (0.01, 4.0, {"quiet"}), (0.3, 1.5, {"little_speech"})])
def test_a_poor_recording_is_taken_with_remarks(parlour: Parlour, loudness: float, seconds: float, codes: set[str]) -> None:
    voice = parlour.voice(recording(seconds, loudness=loudness))
    assert {remark["code"] for remark in voice["warnings"]} == codes
    assert all(len(remark["message"]) > 20 for remark in voice["warnings"])


@pytest.mark.parametrize(("fields", "param", "code"), [
    ({"consent": ""}, "consent", "consent_required"),
    ({"consent": "false"}, "consent", "consent_required"),
    ({"name": ""}, "name", "missing_field"),
    ({"name": "x" * 101}, "name", "invalid_value"),
    ({"description": "x" * 1001}, "description", "invalid_value"),
    ({"ref_text": "x" * 1001}, "ref_text", "invalid_value"),
    ({"model": "tone"}, "model", "invalid_value"),
    ({"model": "nothing"}, "model", "model_not_found"),
    ({"language": "tlh"}, "language", "unknown_language"),
    ({"colour": "blue"}, "colour", "unknown_field"),
])
def test_a_field_that_is_wrong_is_named(parlour: Parlour, fields: dict[str, Any], param: str, code: str) -> None:
    assert error_of(parlour.upload(recording(3.0), **fields)) == (400, param, code)
    assert parlour.objects() == []


def test_a_form_that_is_no_upload_is_refused_with_what_would_be_right(parlour: Parlour) -> None:
    sound, fields = recording(3.0), {"name": "Ada", "consent": "true"}
    with parlour.http as http:
        without = http.post(VOICES, data=fields, files={"cover": ("a.png", b"x")})
        as_file = http.post(VOICES, data=fields, files={"file": ("a.wav", sound)})
        as_text = http.post(VOICES, data={**fields, "audio_sample": "RIFF"}, files={"cover": ("a.png", b"x")})
        as_json = http.post(VOICES, json=fields)
        huge = http.post(VOICES, data=fields, files={"audio_sample": ("a.wav", bytes(4_000_000))})
    assert error_of(without) == (400, "audio_sample", "missing_field")
    assert error_of(as_file) == (400, "file", "invalid_value")
    assert error_of(as_text)[:2] == (400, "audio_sample")
    assert error_of(as_json) == (400, "Content-Type", "unsupported_content_type")
    assert error_of(huge) == (413, "audio_sample", "body_too_large")


@pytest.mark.parametrize(("fields", "param", "code"), [
    ({"description": "Low."}, "name", "missing_field"),
    ({"name": "Sailor"}, "description", "missing_field"),
    ({"name": "Sailor", "description": "Low.", "model": "tone"}, "model", "invalid_value"),
    ({"name": "Sailor", "description": "Low.", "for_model": "tone"}, "for_model", "invalid_value"),
    ({"name": "Sailor", "description": "Low.", "text": "x" * 300}, "text", "invalid_value"),
    ({"name": "Sailor", "description": "Low.", "text": "…"}, "text", "input_unspeakable"),
    ({"name": "Sailor", "description": "Low.", "colour": "blue"}, "colour", "invalid_value"),
])
def test_a_design_that_is_wrong_is_refused_by_field(parlour: Parlour, fields: dict[str, Any], param: str, code: str) -> None:
    assert error_of(parlour.design(**fields)) == (400, param, code)


def test_a_model_that_clones_nothing_speaks_with_no_voice_of_ones_own(parlour: Parlour) -> None:
    voice = parlour.voice()
    assert error_of(parlour.speak(voice=voice["id"], model="tone")) == (400, "voice", "invalid_value")
    both = parlour.speak(voice=voice["id"], ref_audio="AAAA")
    assert error_of(both) == (400, "ref_audio", "invalid_value")
