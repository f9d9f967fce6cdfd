"""A server that speaks OpenAI's audio/speech, measured from outside."""

import json
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.cli.http_server import Answer, Asked, running_server
from worker.bench.compare import url as url_module
from worker.bench.compare.lines import lines
from worker.bench.compare.peer import UrlPeer
from worker.bench.compare.row import PeerRow
from worker.bench.compare.sound import NoSound, duration_s
from worker.bench.compare.url import measure_url
from worker.bench.load import Lengths

PCM_1_S = bytes(48_000)
TEXTS = lines(6, Lengths(1, 2))


def measured(answer: Callable[[Asked], Answer], at_once: int = 2, limit_s: float = 10.0,
             **peer: Any) -> tuple[PeerRow, list[Asked]]:
    with running_server(answer) as server:
        return measure_url(UrlPeer(f"{server.url}/v1", **peer), TEXTS, at_once, limit_s), server.asked


def test_it_is_asked_for_the_same_texts_as_openai_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "s3cret")
    _, asked = measured(lambda _: Answer(body=PCM_1_S), model="m", voice="v", key_env="A_KEY", fields={"max_new_tokens": 9})
    assert {(each.method, each.path) for each in asked} == {("POST", "/v1/audio/speech")}
    assert {each.headers["authorization"] for each in asked} == {"Bearer s3cret"}
    bodies = [json.loads(each.body) for each in asked]
    assert sorted(body.pop("input") for body in bodies) == sorted(line.text for line in TEXTS)
    assert bodies == 6 * [{"model": "m", "voice": "v", "response_format": "pcm", "max_new_tokens": 9}]


def test_so_many_are_in_flight_and_no_more() -> None:
    lock, inside, most = threading.Lock(), 0, 0
    three = threading.Barrier(3)

    def answer(_: Asked) -> Answer:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        three.wait(60)
        time.sleep(0.1)
        with lock:
            inside -= 1
        return Answer(body=PCM_1_S)

    began = time.monotonic()
    row, _ = measured(answer, at_once=3, limit_s=60)
    took_s = time.monotonic() - began
    assert most == 3
    assert row.n_utterances == 6
    assert 6 / took_s < row.times_realtime < 6 / 0.19
    assert row.rtf == pytest.approx(3 / row.times_realtime)
    assert 95 < row.first_ms < 1000 * took_s


def test_errors_are_counted_and_the_first_is_told_and_the_others_go_on() -> None:
    answers = iter([Answer(429, {"error": {"message": "too many"}}), Answer(body=b""), Answer(body={"error": "odd"}),
                    *3 * [Answer(body=PCM_1_S)]])
    row, _ = measured(lambda _: next(answers), at_once=1)
    assert (row.n_utterances, row.n_errors) == (3, 3)
    assert "3 errors, the first: Refused: HTTP 429:" in row.notes
    assert "too many" in row.notes


def test_where_nobody_listens_every_text_is_an_error() -> None:
    row = measure_url(UrlPeer("http://127.0.0.1:9/v1"), TEXTS, 2, 5.0)
    assert (row.n_utterances, row.n_errors) == (0, 6)
    assert "ConnectionRefusedError" in row.notes
    assert row.times_realtime != row.times_realtime, "nothing was measured"


def test_nothing_is_begun_after_the_limit() -> None:
    takes_s = iter((0.3, 1.8))

    def slowly(_: Asked) -> Answer:
        time.sleep(next(takes_s))
        return Answer(body=PCM_1_S)

    row, asked = measured(slowly, at_once=1, limit_s=2)
    assert len(asked) == 2
    assert "4 texts were left at the limit" in row.notes


def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_module, "LONGEST_BYTES", 100_000)
    row, _ = measured(lambda _: Answer(body=bytes(200_000)))
    assert row.n_errors == 6
    assert "for one text" in row.notes


def wav(n_samples: int, *, rate_hz: int = 16_000, channels: int = 1, announced: int | None = None) -> bytes:
    data = bytes(2 * channels * n_samples)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate_hz, 2 * channels * rate_hz, 2 * channels, 16)
    size = len(data) if announced is None else announced
    return struct.pack("<4sI4s", b"RIFF", size & 0xFFFFFFFF, b"WAVE") + head + b"LIST\x03\x00\x00\x00abc\x00" + struct.pack(
        "<4sI", b"data", size & 0xFFFFFFFF) + data


@pytest.mark.parametrize(("sound", "seconds"), [
    (bytes(24_000), 0.5),
    (wav(8_000), 0.5),
    (wav(8_000, channels=2), 0.5),
    (wav(8_000, announced=0xFFFFFFFF), 0.5),     # sent while it was made
])
def test_the_length_of_sound_is_read_from_what_was_sent(sound: bytes, seconds: float) -> None:
    assert duration_s(sound) == seconds


@pytest.mark.parametrize("sound", [b'{"error": "no"}', b"<html>", b"ID3 mp3", b"OggS", b"RIFF\x00\x00"])
def test_what_is_no_pcm_is_not_taken_for_sound(sound: bytes) -> None:
    with pytest.raises(NoSound):
        duration_s(sound)
