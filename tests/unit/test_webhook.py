"""Webhook bodies, signatures and the retry schedule."""

import base64
import json
import time
from typing import Any

import pytest
from openai import InvalidWebhookSignatureError, OpenAI
from standardwebhooks import Webhook, WebhookVerificationError

from speechmill.errors import InvalidRequest
from speechmill.settings import WebhookSettings
from speechmill.webhook import (
    MAX_BODY_BYTES,
    Event,
    event_body,
    new_secret,
    next_attempt,
    parse_secret,
    signed_headers,
)

DELAYS_S = WebhookSettings().delays_s
EVENT = Event("evt_0190", "speech.job.completed", 1_700_000_000_250)


def job(**changes: Any) -> dict[str, Any]:
    return {"id": "speech_1", "object": "audio.speech.job", "status": "completed", "error": None, "metadata": {}, **changes}


def signed(body: bytes, *secrets: str, at_s: int | None = None) -> dict[str, str]:
    return signed_headers("evt_0190", int(time.time()) if at_s is None else at_s, body, [parse_secret(s) for s in secrets])


# What an event says

def test_an_event_names_itself_and_carries_the_job() -> None:
    assert json.loads(event_body(EVENT, job(metadata={"book": "Emma"}))) == {
        "id": "evt_0190", "object": "event", "type": "speech.job.completed", "created_at": 1_700_000_000,
        "timestamp": "2023-11-14T22:13:20.250Z", "data": job(metadata={"book": "Emma"})}


def test_the_body_is_compact_utf8() -> None:
    body = event_body(EVENT, job(metadata={"título": "Ça va, 世界"}))
    assert "Ça va, 世界".encode() in body
    assert b'": ' not in body
    assert b', "' not in body


def test_the_same_event_has_the_same_bytes_at_every_attempt() -> None:
    assert event_body(EVENT, job()) == event_body(EVENT, job())


def test_metadata_that_would_make_a_body_too_long_is_left_out_and_that_is_said() -> None:
    most = {f"{n:02}" + "k" * 62: "世" * 512 for n in range(16)}
    body = event_body(EVENT, job(metadata=most))
    data = json.loads(body)["data"]
    assert len(body) <= MAX_BODY_BYTES
    assert data["metadata"] == {}
    assert data["metadata_omitted"] is True


def test_a_books_chapters_are_left_out_first_and_the_rest_only_where_it_must_be() -> None:
    body = event_body(EVENT, job(chapters=[{"title": "t" * 100}] * 200, warnings=["w" * 100] * 10, authors=["Ann"]))
    data = json.loads(body)["data"]
    assert len(body) <= MAX_BODY_BYTES
    assert (data["chapters"], data["chapters_omitted"], len(data["warnings"]), data["authors"]) == ([], True, 10, ["Ann"])
    assert "warnings_omitted" not in data
    body = event_body(EVENT, job(chapters=[1], warnings=["w" * 30_000], authors=["a" * 30_000], output={"m4b": "u" * 30_000}))
    assert len(body) <= MAX_BODY_BYTES
    assert json.loads(body)["data"]["output_omitted"] is True


def test_the_most_metadata_in_ascii_still_fits() -> None:
    most = {f"{n:02}" + "k" * 62: "v" * 512 for n in range(16)}
    data = json.loads(event_body(EVENT, job(metadata=most)))["data"]
    assert data["metadata"] == most
    assert "metadata_omitted" not in data


def test_a_long_error_message_is_cut_and_the_job_stays_untouched() -> None:
    failed = job(status="failed", error={"code": "voice_failed", "message": "x" * 50_000})
    body = event_body(EVENT, failed)
    error = json.loads(body)["data"]["error"]
    assert len(body) <= MAX_BODY_BYTES
    assert error["code"] == "voice_failed"
    assert error["message"] == "x" * 999 + "…"
    assert len(failed["error"]["message"]) == 50_000


def test_half_a_surrogate_pair_does_not_hold_an_event_back() -> None:
    assert json.loads(event_body(EVENT, job(metadata={"a": "\ud83d!"})))["data"]["metadata"] == {"a": "?!"}


# How it is signed

def test_the_signature_is_the_one_that_the_specification_gives() -> None:
    # printf '%s' 'evt_0190.1700000000.{}' | openssl dgst -sha256 -hmac 'speechmill-test-key-24-by' -binary | base64
    headers = signed_headers("evt_0190", 1_700_000_000, b"{}", [b"speechmill-test-key-24-by"])
    assert headers == {"webhook-id": "evt_0190", "webhook-timestamp": "1700000000",
                       "webhook-signature": "v1,IU2oEV0K7GCV4b9X4gz/v5vl26GOYB6lU0FcWH0zik4="}


def test_the_standardwebhooks_library_verifies_what_we_sign() -> None:
    secret, body = new_secret(), event_body(EVENT, job(metadata={"title": "Война и мир"}))
    assert Webhook(secret).verify(body, signed(body, secret))["id"] == "evt_0190"


def test_while_a_secret_rotates_the_old_and_the_new_one_both_verify() -> None:
    old, new, body = new_secret(), new_secret(), event_body(EVENT, job())
    headers = signed(body, new, old)
    assert headers["webhook-signature"].count("v1,") == 2
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


@pytest.mark.parametrize("n_bytes", [24, 25, 32, 48, 64])
def test_secrets_of_every_allowed_length_verify(n_bytes: int) -> None:
    secret, body = "whsec_" + base64.b64encode(bytes(range(n_bytes))).decode(), b"{}"
    assert Webhook(secret).verify(body, signed(body, secret)) == {}


def test_the_openai_sdk_unwraps_our_events() -> None:
    secret, body = new_secret(), event_body(EVENT, job())
    with OpenAI(api_key="unused", webhook_secret=secret) as client:
        event: Any = client.webhooks.unwrap(body, signed(body, new_secret(), secret))
    assert event.id == "evt_0190"
    assert event.type == "speech.job.completed"
    assert event.to_dict()["data"] == job()


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp"])
def test_tampering_is_refused(change: str) -> None:
    secret, body = new_secret(), event_body(EVENT, job())
    headers = signed(body, secret)
    if change == "body":
        body = body.replace(b"completed", b"cancelled")
    else:
        headers[change] = headers[change][:-1] + ("8" if headers[change][-1] != "8" else "9")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)
    with OpenAI(api_key="unused", webhook_secret=secret) as client, pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.unwrap(body, headers)


def test_an_old_delivery_cannot_be_replayed() -> None:
    secret, body = new_secret(), b"{}"
    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(secret).verify(body, signed(body, secret, at_s=int(time.time()) - 600))


# Secrets

def test_new_secrets_are_24_random_bytes() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(parse_secret(secret)) == 24 for secret in made)


@pytest.mark.parametrize(("secret", "complaint"), [
    ("", "does not start with whsec_"),
    ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not start with whsec_"),
    ("whsec_", "holds 0 bytes"),
    ("whsec_" + base64.b64encode(bytes(23)).decode(), "holds 23 bytes"),
    ("whsec_" + base64.b64encode(bytes(65)).decode(), "holds 65 bytes"),
    ("whsec_" + base64.b64encode(bytes(32)).decode().rstrip("="), "is not that"),
    ("whsec_" + "-_" * 16, "is not that"),
    ("whsec_" + "A" * 31 + "é", "is not that"),
    ("whsec_" + "AAAA " * 8, "is not that"),
])
def test_a_bad_secret_is_refused_by_name_and_never_repeated(secret: str, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint) as caught:
        parse_secret(secret, "SPEECHMILL_WEBHOOKS__SECRET")
    assert caught.value.param == "SPEECHMILL_WEBHOOKS__SECRET"
    assert caught.value.message.startswith("SPEECHMILL_WEBHOOKS__SECRET must be whsec_ and then 24 to 64 bytes")
    assert not secret[6:] or secret[6:] not in caught.value.message


# When to try again

def test_ten_attempts_are_spread_over_three_days() -> None:
    delays_s = [next_attempt(DELAYS_S, made, jitter=0.0) for made in range(11)]
    assert delays_s == [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, None]
    assert 3.1 < sum(DELAYS_S) / 86_400 < 3.2


def test_jitter_only_ever_delays_and_by_a_fifth_at_most() -> None:
    assert next_attempt(DELAYS_S, 2, jitter=0.5) == pytest.approx(330)
    assert next_attempt(DELAYS_S, 2, jitter=0.999) == pytest.approx(360, rel=0.001)
    assert next_attempt(DELAYS_S, 0, jitter=0.999) == 0


def test_retry_after_puts_an_attempt_off_but_cannot_bring_it_forward() -> None:
    assert next_attempt(DELAYS_S, 1, jitter=0.0, retry_after_s=120) == 120
    assert next_attempt(DELAYS_S, 4, jitter=0.0, retry_after_s=120) == 7200


def test_retry_after_is_bounded_by_a_day_and_grants_no_attempts() -> None:
    assert next_attempt(DELAYS_S, 1, jitter=0.0, retry_after_s=10**9) == 86_400
    assert next_attempt(DELAYS_S, 10, jitter=0.0, retry_after_s=1) is None


def test_a_schedule_of_an_operator_s_own_is_kept_to() -> None:
    delays_s = WebhookSettings(delays_s="0, 0.5,60").delays_s
    assert [next_attempt(delays_s, made, jitter=0.0) for made in range(4)] == [0, 0.5, 60, None]
    assert next_attempt(delays_s, 1, jitter=0.0, retry_after_s=120) == 120


@pytest.mark.parametrize("delays_s", ["", "0,-1", "0,soon", "0,700000", "0,nan"])
def test_a_schedule_that_makes_no_sense_is_refused(delays_s: str) -> None:
    with pytest.raises(ValueError, match="delays_s"):
        WebhookSettings(delays_s=delays_s)
