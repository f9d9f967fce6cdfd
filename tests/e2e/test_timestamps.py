"""When what is heard, through the whole system: against the sound itself, in every format, and as captions that players read."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_readme import stand_in_for_curl

GUIDE = (Path(__file__).parents[2] / "docs/timestamps.md").read_text("utf-8")
RATE_HZ = 24_000
TEXT = "Dr. Smith paid $5.50 for 1,234 “apples”. Was it cheap? Yes & no!"
LONG = ("It is a truth universally acknowledged, that a single man must be in want of a wife. Is it? " * 4
        + "\n\nThis is another paragraph, 你好 😀 and all. The end.")


@pytest.fixture(scope="module")
def espeak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("times"), WORKER__VOICE="espeak") as running:
        yield running


def times(stack: Stack, job_id: str) -> Any:
    return variant(stack, job_id, "timestamps").json()


def variant(stack: Stack, job_id: str, name: str) -> Any:
    with stack.http as http:
        answer = http.get(f"/v1/audio/speech/jobs/{job_id}/content", params={"variant": name})
    assert answer.status_code == 200, answer.text
    return answer


def decoded(audio: bytes, format: str) -> NDArray[np.float64]:
    """As a player plays it, [n_samples] at 24 kHz."""
    options = ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1"]
    command = ["ffmpeg", "-loglevel", "error", *(options if format == "pcm" else []), "-i", "pipe:0", *options, "pipe:1"]
    return np.frombuffer(subprocess.run(command, input=audio, capture_output=True, check=True).stdout, "<i2") / 32768


def loudest(sound: NDArray[np.float64], start_s: float, end_s: float) -> float:
    return float(np.abs(sound[round(start_s * RATE_HZ):round(end_s * RATE_HZ)]).max(initial=0.0))


def test_a_short_answer_has_times_of_its_sentences_and_words(espeak: Stack) -> None:
    with espeak.http as http:
        answer = http.post("/v1/audio/speech", json={"input": TEXT, "timestamps": "word", "response_format": "wav"})
    assert answer.status_code == 200, answer.text
    told = times(espeak, answer.headers["x-speech-job-id"])
    assert [sentence["text"] for sentence in told["sentences"]] == ["Dr. Smith paid $5.50 for 1,234 “apples”.", "Was it cheap?",
                                                                   "Yes & no!"]
    assert [word["text"] for word in told["words"]] == ["Dr.", "Smith", "paid", "$5.50", "for", "1,234", "apples", "Was", "it",
                                                        "cheap", "Yes", "&", "no"]
    for time in (*told["sentences"], *told["words"]):
        assert "".join(TEXT[slice(*time["characters"])].split()) == "".join(time["text"].split())
    assert told["sentences"][0]["start"] == 0
    assert told["sentences"][-1]["end"] == pytest.approx(told["duration_seconds"], abs=0.001)
    assert all(before["end"] == after["start"] for before, after in pairwise(told["sentences"]))
    sound = decoded(answer.content, "wav")
    for before, after in ((told["words"][6], told["words"][7]), (told["words"][9], told["words"][10])):
        assert loudest(sound, before["end"] + 0.03, after["start"] - 0.03) < 0.02 < loudest(sound, after["start"], after["end"])


def test_nobody_has_to_ask_for_sentences(espeak: Stack) -> None:
    job = espeak.wait(espeak.create("One is here. Two is there.")["id"])
    told = times(espeak, job["id"])
    assert [sentence["text"] for sentence in told["sentences"]] == ["One is here.", "Two is there."]
    assert [sentence["estimated"] for sentence in told["sentences"]] == [True, True]
    assert told["words"] is None
    assert job["output"]["timestamps_url"].endswith(f"/v1/audio/speech/jobs/{job['id']}/content?variant=timestamps")
    sound = decoded(espeak.audio(job["id"]), "mp3")
    at_s = told["sentences"][0]["end"]
    assert loudest(sound, at_s - 0.05, at_s + 0.05) < 0.02   # in the pause between them


@pytest.mark.parametrize(("format", "speed"), [("wav", 1), ("flac", 1), ("mp3", 1), ("opus", 1), ("aac", 1), ("pcm", 1),
                                               ("mp3", 1.7), ("aac", 0.5)])
def test_times_are_those_of_the_file_that_is_played(espeak: Stack, format: str, speed: float) -> None:
    job = espeak.wait(espeak.create(LONG, response_format=format, speed=speed)["id"])
    assert job["segments"]["total"] > 2
    told = times(espeak, job["id"])["sentences"]
    sound = decoded(espeak.audio(job["id"]), format)
    assert " ".join(sentence["text"] for sentence in told) == " ".join(LONG.split())
    slack_s = 0.03 if speed == 1 else 0.06
    pauses = [(before["end"], after["start"]) for before, after in pairwise(told) if after["start"] - before["end"] > 2 * slack_s]
    assert len(pauses) == job["segments"]["total"] - 1
    for start_s, end_s in pauses:
        assert loudest(sound, start_s + slack_s, end_s - slack_s) < 0.01
        assert loudest(sound, end_s, end_s + 0.1 / speed + slack_s) > 0.02
    assert told[-1]["end"] <= len(sound) / RATE_HZ + 0.05


def test_captions_are_read_by_ffmpeg_also_after_the_segments_are_gone(espeak: Stack, tmp_path: Path) -> None:
    job = espeak.wait(espeak.create(LONG, timestamps="word")["id"])
    for segment in espeak.folder.glob("objects/**/segments/**/*.flac"):
        segment.unlink()
    told = times(espeak, job["id"])
    assert len(told["words"]) > 70
    for name in ("srt", "vtt"):
        (tmp_path / f"captions.{name}").write_bytes(variant(espeak, job["id"], name).content)
        read = subprocess.run(["ffmpeg", "-loglevel", "error", "-i", tmp_path / f"captions.{name}", "-f", "srt", "pipe:1"],
                              capture_output=True, check=True)
        assert read.stderr == b""
        blocks = [block.splitlines() for block in read.stdout.decode().strip().split("\n\n")]
        text = " ".join(" ".join(block[2:]) for block in blocks)
        assert " ".join(text.split()) == " ".join(LONG.split())
        assert all(len(line) <= 42 for block in blocks for line in block[2:])
    assert variant(espeak, job["id"], "vtt").headers["content-type"] == "text/vtt; charset=utf-8"


def test_what_cannot_be_had_is_said_clearly(espeak: Stack) -> None:
    with espeak.http as http:
        job_id = espeak.create("Hello.")["id"]
        espeak.wait(job_id)
        wrong = http.get(f"/v1/audio/speech/jobs/{job_id}/content?variant=lyrics")
        espeak.programs["speech"].stop()
        waiting = espeak.create("This one waits.")["id"]
        early = http.get(f"/v1/audio/speech/jobs/{waiting}/content?variant=srt")
        espeak.programs["speech"].launch()
    assert wrong.status_code == 400
    assert wrong.json()["error"]["param"] == "variant"
    assert "timestamps" in wrong.json()["error"]["message"]
    assert early.status_code == 409
    assert early.json()["error"]["code"] == "job_not_completed"
    espeak.wait(waiting)


def test_the_command_line_writes_captions_beside_the_sound(espeak: Stack, tmp_path: Path) -> None:
    files: list[str | Path] = ["-o", tmp_path / "a.mp3", "--srt", tmp_path / "a.srt", "--vtt", tmp_path / "a.vtt", "--times",
                               tmp_path / "a.json"]
    command = [sys.executable, "-m", "speechmill.cli.main", "say", TEXT, *files, "--words", "--url", espeak.base_url]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert io.StringIO((tmp_path / "a.srt").read_text()).readline() == "1\n"
    assert (tmp_path / "a.vtt").read_text().startswith("WEBVTT\n")
    assert '"apples"' in (tmp_path / "a.json").read_text()


@pytest.mark.parametrize(("format", "speed"), [("mp3", 1), ("aac", 1), ("wav", 1.5)])
def test_a_stream_has_times_too(espeak: Stack, format: str, speed: float) -> None:
    with espeak.http as http:
        answer = http.post("/v1/audio/speech", json={"input": LONG, "stream_format": "audio", "response_format": format,
                                                     "speed": speed, "timestamps": "word"})
    assert answer.status_code == 200, answer.text
    told = times(espeak, answer.headers["x-speech-job-id"])
    assert " ".join(sentence["text"] for sentence in told["sentences"]) == " ".join(LONG.split())
    sound = decoded(answer.content, format)
    for before, after in pairwise(told["sentences"]):
        if after["start"] - before["end"] > 0.15:
            assert loudest(sound, before["end"] + 0.06, after["start"] - 0.06) < 0.01
            assert loudest(sound, after["start"], after["start"] + 0.16) > 0.02
    assert len(told["words"]) > 70


def test_the_examples_of_the_guide_write_what_it_shows(espeak: Stack, tmp_path: Path) -> None:
    script = "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)).replace("http://127.0.0.1:8000", espeak.base_url)
    done = subprocess.run(["bash", "-c", f"set -e -o pipefail\n{stand_in_for_curl()}\n{script}"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "cheap.json").read_text())
    shown = json.loads(re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)[0])
    assert told.keys() == shown.keys()
    assert told["sentences"][0] == shown["sentences"][0] | {name: told["sentences"][0][name] for name in ("start", "end")}
    assert told["words"][3].keys() == shown["words"][0].keys()
    for name in ("text", "characters"):
        assert told["words"][3][name] == shown["words"][0][name]
    assert (tmp_path / "cheap.srt").read_text().startswith("1\n00:00:00,000 --> ")
    assert (tmp_path / "cheap.vtt").read_text().startswith("WEBVTT\n")


def test_the_command_lines_of_the_guide_say_what_it_shows(espeak: Stack, tmp_path: Path) -> None:
    program = shlex.join([sys.executable, "-m", "speechmill.cli.main"])
    lines = re.findall(r"^    \.venv/bin/speechmill (.*)", GUIDE, re.MULTILINE)
    say, wait = (f"{program} {line}" for line in lines)
    root = str(Path(__file__).parents[2])

    def run(line: str) -> None:
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=os.environ | {"SPEECHMILL_URL": espeak.base_url,
                              "PYTHONPATH": root}, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    run(say)
    told = json.loads((tmp_path / "cheap.json").read_text())
    assert " ".join(sentence["text"] for sentence in told["sentences"]) == "Dr. Smith paid $5.50. Was it cheap?"
    captions = (tmp_path / "cheap.srt").read_text()
    assert "Dr. Smith paid $5.50." in captions
    (tmp_path / "cheap.srt").unlink()
    with espeak.http as http:
        (job, *_) = http.get("/v1/audio/speech/jobs").json()["data"]
    run(wait.replace("JOB", job["id"]))
    assert (tmp_path / "cheap.srt").read_text() == captions
