"""Servers that are busy, broken, hostile or away: what the voice makes of each, and that it never waits or takes without end."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest

from speechmill.errors import BadReference, SpeechError, Unspeakable, VoiceFailed, VoiceRefused, VoiceUnavailable
from speechmill.settings import RemoteSettings
from tests.contract.remote.listening import heard, remote, say
from tests.contract.remote.speech_server import (
    TEXT,
    Answer,
    SpeechServer,
    chunked,
    hang,
    pcm16,
    problem,
    reply,
    sound,
    speech_server,
    tone,
    wav,
)
from tests.services.program import free_port
from worker.voices.remote.voice import Remote
from worker.voices.seam import Cancelled, Speech, Utterance

SECOND = pcm16(tone())
KEY = "sk-very-secret-key"


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def n_waiting(voice: Remote) -> int:
    """Utterances that are not asked for yet, as too many others are."""
    return len(voice._places._waiting)


def error_of(speech: Speech) -> SpeechError:
    with pytest.raises(SpeechError) as error:
        heard(speech)
    return error.value


# --- busy

@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_server_is_asked_again_when_it_said(status: int) -> None:
    busy = problem(status, {"error": {"message": "queue full"}}, retry_after="0.2")
    with speech_server(busy, busy, busy, busy, sound()) as server, remote(server, retries=0) as voice:
        began = time.monotonic()
        assert len(heard(say(voice))) == 24_000
        assert time.monotonic() - began > 4 * 0.2
        assert len(server.spoken) == 5


def test_a_server_that_is_busy_for_longer_than_anybody_waits_is_given_up_at_once() -> None:
    with speech_server(problem(429, {}, retry_after="3600")) as server, remote(server) as voice:
        error = error_of(say(voice))
        assert isinstance(error, VoiceFailed)
        assert error.message == "The speech server is busy (429)."
        assert error.retryable
        assert len(server.spoken) == 1


@pytest.mark.parametrize("retry_after", ["0.1", "3600"])
def test_a_server_that_is_not_ready_for_longer_than_anybody_waits_is_no_fault_of_the_job(retry_after: str) -> None:
    with (speech_server(problem(503, {}, retry_after=retry_after)) as server,
          remote(server, patience_s=2) as voice):  # an answer that comes later than that is no answer
        began = time.monotonic()
        with pytest.raises(VoiceUnavailable, match=r"not ready \(503\)"):
            heard(say(voice))
        assert time.monotonic() - began >= 2


def test_a_server_that_is_always_busy_is_given_up_when_patience_ends() -> None:
    with (speech_server(problem(429, {}, retry_after="0.1")) as server,
          remote(server, patience_s=2) as voice):
        assert "busy (429)" in error_of(say(voice)).message
        assert len(server.spoken) > 2


def test_whoever_waits_for_a_busy_server_can_be_stopped_at_once() -> None:
    with speech_server(problem(429, {}, retry_after="60")) as server, remote(server) as voice:
        speech = say(voice)
        threading.Timer(0.3, speech.cancel).start()
        with pytest.raises(Cancelled):
            heard(speech)


# --- it refuses

@pytest.mark.parametrize(("status", "body", "message", "param"), [
    (400, {"error": {"message": "Invalid voice", "type": "BadRequestError", "param": "voice", "code": 400}}, "Invalid voice",
     "voice"),
    (422, {"detail": [{"loc": ["body", "instructions"], "msg": "too long", "type": "value_error"}]}, "too long", "instructions"),
    (400, {"detail": {"error": "validation_error", "message": "Voice 'x' not found"}}, "Voice 'x' not found", "input"),
    (400, {"object": "error", "message": "Input is too long", "param": "tokens", "code": 400}, "Input is too long", "input"),
    (413, {"detail": "Request entity too large"}, "Request entity too large", "input"),
])
def test_what_the_server_refuses_fails_the_job_with_its_words(
        status: int, body: dict[str, object], message: str, param: str) -> None:
    with speech_server(problem(status, body)) as server, remote(server) as voice:
        error = error_of(say(voice))
        assert isinstance(error, VoiceRefused)
        assert error.message == f"The speech server answered {status}: {message}"
        assert error.param == param
        assert not error.retryable
        assert len(server.spoken) == 1


def test_a_reference_that_the_server_refuses_is_a_bad_reference() -> None:
    with (speech_server(problem(400, {"error": {"message": "too short", "param": "ref_audio"}})) as server,
          remote(server) as voice):
        assert isinstance(error_of(say(voice)), BadReference)


def test_a_text_that_another_speechmill_has_no_sound_for_is_unspeakable() -> None:
    refused = problem(400, {"error": {"message": "No sound.", "param": "input", "code": "unspeakable_text"}})
    with speech_server(refused) as server, remote(server) as voice:
        assert isinstance(error_of(say(voice)), Unspeakable)


def test_words_of_the_server_are_cut_and_cleaned() -> None:
    with speech_server(reply(b"\x1b[31mno\x00\r\n way" + b"y" * 100_000, "text/plain", 400)) as server, remote(server) as voice:
        message = error_of(say(voice)).message
        assert message.startswith("The speech server answered 400: [31mno way")
        assert len(message) < 500


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with speech_server() as elsewhere:
        answer = reply(b"", "text/plain", status, location=elsewhere.url + "/audio/speech")
        with speech_server(answer) as server, remote(server, api_key=KEY) as voice:
            assert "redirects are not followed" in error_of(say(voice)).message
            assert len(server.spoken) == 1
        assert elsewhere.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_later_is_a_failure_that_may_pass_and_is_not_tried_in_a_row(status: int) -> None:
    with (speech_server(problem(status, {"error": {"message": f"Incorrect API key provided: {KEY}"}})) as server,
          remote(server, api_key=KEY) as voice):
        error = error_of(say(voice))
        assert error.message == f"The speech server refuses the key ({status})."
        assert error.retryable
        assert len(server.spoken) == 1


def test_the_key_is_sent_and_never_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [problem(status, {"error": {"message": f"not with {KEY}"}}) for status in (500, 401)]
    with speech_server(*answers, problem(400, {"detail": f"key {KEY}"})) as server, remote(server, api_key=KEY) as voice:
        messages = [error_of(say(voice)).message for _ in range(2)]
        assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}"
        told = "\n".join([*messages, caplog.text, repr(voice.__dict__), str(voice.__dict__)])
    assert "(the key)" in told
    assert KEY not in told


# --- it breaks

def test_an_error_of_the_servers_is_tried_again_and_then_fails() -> None:
    with speech_server(problem(500, {"detail": "CUDA error"})) as server, remote(server, retries=1) as voice:
        error = error_of(say(voice))
        assert isinstance(error, VoiceFailed)
        assert error.message == "The speech server answered 500: CUDA error"
        assert error.retryable
        assert len(server.spoken) == 2


def test_what_the_server_says_not_to_retry_is_not_retried() -> None:
    with (speech_server(problem(504, {"error": {"message": "not ready"}}, x_should_retry="false")) as server,
          remote(server) as voice):
        assert "not ready" in error_of(say(voice)).message
        assert len(server.spoken) == 1


def test_one_bad_answer_among_good_ones_is_not_noticed() -> None:
    with speech_server(problem(500, {}), sound()) as server, remote(server) as voice:
        assert len(heard(say(voice))) == 24_000


BROKEN: dict[str, tuple[Answer, str]] = {
    "nothing at all": (lambda connection: None, "closed the connection before it answered"),
    "no HTTP": (lambda connection: connection.sendall(b"220 mail.example.com ESMTP\r\n"), "not HTTP/1.1"),
    "endless headers": (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000), "not HTTP/1.1"),
    "a web page": (reply(b"<html>Welcome</html>", "text/html"), "'text/html' instead of sound"),
    "JSON with 200": (reply(b'{"error": "no"}', "application/json"), "'application/json' instead of sound"),
    "events": (reply(b"data: {}\n\n", "text/event-stream"), "'text/event-stream' instead of sound"),
    "a rate that no sound has": (reply(pcm16(tone(0.1)), "audio/pcm;rate=0050"), "50 samples a second"),
    "compressed": (reply(b"\x1f\x8b", "audio/pcm", content_encoding="gzip"), "compressed"),
    "no WAV": (reply(SECOND, "audio/wav"), "not WAV"),
    "WAV without samples": (reply(wav(b"")[:36], "audio/wav"), "before its first sample"),
    "WAV of another kind": (reply(wav(SECOND, coding=6, bits=8), "audio/wav"), "coding 6, 8 bits"),
    "WAV without channels": (reply(wav(SECOND, n_channels=0), "audio/wav"), "0 channels"),
    "junk as mp3": (reply(b"\x00\x01junk" * 500, "audio/mpeg"), "can't be decoded"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_speech_is_a_failure_that_may_pass(kind: str) -> None:
    answer, said = BROKEN[kind]
    with speech_server(answer) as server, remote(server, retries=0) as voice:
        error = error_of(say(voice))
        assert isinstance(error, VoiceFailed)
        assert said in error.message
        assert "127.0.0.1" not in error.message


MIDWAY: dict[str, Answer] = {
    "a stream": chunked([SECOND], to_the_end=False),
    "a known length": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\ncontent-length: 96000"
                                                            b"\r\n\r\n" + SECOND),
    "WAV that is shorter than it says": reply(wav(SECOND, data_bytes=2 * len(SECOND)), "audio/wav"),
}


@pytest.mark.parametrize("kind", MIDWAY)
def test_a_stream_that_breaks_off_is_never_taken_for_a_whole_one_nor_spliced(kind: str) -> None:
    with speech_server(MIDWAY[kind], sound()) as server, remote(server) as voice:
        chunks = say(voice).chunks()
        assert len(next(chunks)) > 0
        with pytest.raises(VoiceFailed):
            list(chunks)
        assert len(server.spoken) == 1


def test_a_server_that_sends_nothing_for_too_long_is_given_up() -> None:
    with speech_server() as server, remote(server, read_timeout_s=0.3, retries=0) as voice:
        server.speech = [hang(server.ended)]
        assert error_of(say(voice)).message == "The speech server has sent nothing for 0.3 s."


def test_a_server_that_falls_silent_in_the_middle_is_given_up() -> None:
    with speech_server() as server, remote(server, read_timeout_s=0.3) as voice:
        server.speech = [hang(server.ended, b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\n\r\n" + SECOND)]
        assert "sent nothing for 0.3 s" in error_of(say(voice)).message


def test_a_server_that_trickles_is_given_up_when_patience_ends() -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\n\r\n")
        while not server.ended.wait(0.1):
            connection.sendall(b"\0")

    with speech_server(trickle) as server, remote(server, patience_s=2) as voice:
        assert error_of(say(voice)).message == "The speech server did not come to an end in time."


def endless(server: SpeechServer, piece: bytes, content_type: str) -> Answer:
    def pieces() -> Iterator[bytes]:
        while not server.ended.is_set():
            yield piece

    return chunked(pieces(), content_type)


def test_speech_without_end_is_ended_where_its_text_must_have_been_over() -> None:
    with speech_server() as server, remote(server) as voice:
        server.speech = [endless(server, SECOND, "audio/pcm")]
        speech = say(voice, longest_s=2.5)
        assert len(heard(speech)) == 60_000
        assert speech.capped


def test_an_answer_without_end_that_never_sounds_is_bounded() -> None:
    with speech_server() as server, remote(server, retries=0) as voice:
        header = wav(b"", data_bytes=4)
        server.speech = [chunked(iter([header + b"\0" * 4]), "audio/wav")]
        assert len(heard(say(voice, longest_s=1.0))) == 2
        server.speech = [endless(server, header + b"\0" * 65536, "audio/wav")]
        assert "larger than any sound" in error_of(say(voice, longest_s=1.0)).message


def test_an_error_without_end_is_read_no_further_than_needed() -> None:
    with speech_server() as server, remote(server) as voice:
        def answer(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 400 Bad\r\ncontent-type: text/plain\r\n\r\n")
            while not server.ended.is_set():
                connection.sendall(b"no " * 10_000)

        server.speech = [answer]
        assert isinstance(error_of(say(voice)), VoiceRefused)


# --- it is away

def test_a_server_that_goes_and_comes_back_costs_time_only() -> None:
    with speech_server() as server, remote(server, retries=0, patience_s=30) as voice:
        port = server.port
        server.close()
        speech = say(voice)
        results: list[int] = []
        reader = threading.Thread(target=lambda: results.append(len(heard(speech))))
        reader.start()
        time.sleep(0.7)
        again = SpeechServer([sound()])
        again.start_at(port)
        try:
            reader.join(20)
        finally:
            again.close()
        assert results == [24_000]


def test_a_server_that_stays_away_until_patience_ends_is_no_fault_of_the_job() -> None:
    with speech_server() as server, remote(server, patience_s=1.2) as voice:
        server.close()
        with pytest.raises(VoiceUnavailable, match="cannot be reached"):
            heard(say(voice))


def test_a_worker_that_starts_first_waits_for_its_server() -> None:
    port = free_port()
    voice = Remote(RemoteSettings(url=f"http://127.0.0.1:{port}"), speech_slots=4)
    warming = threading.Thread(target=voice.warm_up)
    warming.start()
    time.sleep(0.7)
    assert warming.is_alive()
    assert voice.model_id == "remote"
    server = SpeechServer([sound()])
    server.start_at(port)
    try:
        warming.join(20)
        assert voice.model_id == "kokoro"
        assert len(heard(say(voice))) == 24_000
    finally:
        voice.close()
        server.close()


def test_a_voice_that_is_closed_while_it_waits_for_its_server_stops_waiting() -> None:
    with speech_server(lists=problem(503, {})) as server:
        voice = Remote(RemoteSettings(url=server.url), speech_slots=4)
        threading.Timer(0.4, voice.close).start()
        with pytest.raises(VoiceFailed, match="closed while it waited"):
            voice.warm_up()


@pytest.mark.parametrize(("lists", "said"), [
    (problem(401, {}), "refuses the key"),
    (reply(b"<html></html>", "text/html"), "not JSON"),
    (reply(b"", "text/plain", 301, location="/elsewhere"), "redirects are not followed"),
    (problem(404, {}), "SPEECHMILL_REMOTE__MODEL"),
    (reply(b"[" * 200_000, "application/json"), "not JSON"),
    (reply(b" " * (5 << 20), "application/json"), "larger than"),
])
def test_a_server_that_can_never_speak_ends_the_warm_up_with_the_reason(lists: Answer, said: str) -> None:
    with speech_server(lists=lists) as server:
        voice = Remote(RemoteSettings(url=server.url, api_key=KEY), speech_slots=4)
        with pytest.raises(VoiceFailed, match=said) as error:
            voice.warm_up()
        assert KEY not in error.value.message


# --- stopping it

def test_a_cancel_closes_the_connection_at_once_while_nothing_comes() -> None:
    gone = threading.Event()
    with speech_server() as server, remote(server) as voice:
        def answer(connection: socket.socket) -> None:
            hang(server.ended)(connection)
            gone.set()

        server.speech = [answer]
        speech = say(voice)
        threading.Timer(0.3, speech.cancel).start()
        with pytest.raises(Cancelled):
            heard(speech)
        assert gone.wait(10)


def test_a_cancel_ends_the_wait_for_a_connection_too() -> None:
    with speech_server() as server, remote(server, connect_timeout_s=60) as voice:
        server.close()
        with ExitStack() as held:
            full = held.enter_context(socket.create_server(("127.0.0.1", server.port), backlog=0))
            for _ in range(3):  # nobody accepts them; who comes later is not even answered
                waiting = held.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            speech = say(voice)
            threading.Timer(0.3, speech.cancel).start()
            with pytest.raises(Cancelled):
                heard(speech)


def test_no_connection_outlives_its_utterance() -> None:
    answers = [sound(), problem(500, {}), MIDWAY["a stream"], problem(400, {}), BROKEN["junk as mp3"][0]]
    with speech_server(*answers) as server, remote(server, retries=0) as voice:
        before = open_files()
        for _ in answers:
            with suppress(SpeechError):
                heard(say(voice))
        until(lambda: open_files() <= before)  # the server's ends close on its own threads


def test_no_more_requests_are_open_than_the_settings_allow_and_those_who_wait_can_be_stopped() -> None:
    lock, go = threading.Lock(), threading.Event()
    at_once, seen = 0, []

    def slow(connection: socket.socket) -> None:
        nonlocal at_once
        with lock:
            at_once += 1
            seen.append(at_once)
        go.wait(60)
        time.sleep(0.2)
        with lock:
            at_once -= 1
        sound()(connection)  # a client may ask for the next as soon as it has the last byte of this one

    with speech_server(slow) as server, remote(server, concurrency=2) as voice:
        speeches = [say(voice) for _ in range(7)]
        ends: list[str] = []

        def read(speech: Speech) -> None:
            try:
                ends.append(f"{len(heard(speech))} samples")
            except Cancelled:
                ends.append("cancelled")

        threads = [threading.Thread(target=read, args=(speech,)) for speech in speeches]
        for thread in threads[:-1]:
            thread.start()
        until(lambda: len(seen) == 2)
        threads[-1].start()
        until(lambda: n_waiting(voice) == 5)
        speeches[-1].cancel()
        threads[-1].join(20)
        assert ends == ["cancelled"]
        go.set()
        for thread in threads:
            thread.join(20)
        assert ends == ["cancelled"] + ["24000 samples"] * 6
        assert max(seen) == 2


def test_an_interactive_utterance_goes_before_those_that_wait() -> None:
    with speech_server() as server, remote(server, concurrency=1) as voice:
        go = threading.Event()

        def first(connection: socket.socket) -> None:
            go.wait(60)
            sound()(connection)

        server.speech = [first, sound()]
        texts = [(f"Batch {n}.", False) for n in range(3)] + [("Quickly!", True)]
        threads = []
        for n_before, (text, interactive) in enumerate(texts):
            threads.append(threading.Thread(target=heard, args=(say(voice, text, interactive=interactive),)))
            threads[-1].start()
            until(lambda: len(server.spoken) == 1 and n_waiting(voice) == n_before)  # noqa: B023  called at once
        go.set()
        for thread in threads:
            thread.join(20)
        assert [asked.fields["input"] for asked in server.spoken] == ["Batch 0.", "Quickly!", "Batch 1.", "Batch 2."]


def test_before_it_is_warm_it_fails_rather_than_guess() -> None:
    voice = Remote(RemoteSettings(url="http://127.0.0.1:1/v1"), speech_slots=4)
    with pytest.raises(VoiceFailed, match="before it was warmed up"):
        heard(voice.speak(Utterance(text=TEXT, voice="x", language="en", seed=1)))


def test_silence_before_the_first_sound_counts_as_sound() -> None:
    with speech_server(chunked([b"\0" * 9_601, b"\0" * 9_599, SECOND])) as server, remote(server) as voice:
        pcm = heard(say(voice))
        assert len(pcm) == 9_600 + 24_000
        assert np.abs(pcm[9_600:]).max() == pytest.approx(0.3, abs=0.01)
