"""What error answers say: any bytes are read, and nothing that a server writes does harm."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmill.errors import SpeechError
from speechmill.settings import RemoteSettings
from worker.voices.remote.call import Head
from worker.voices.remote.refusal import refusal, retry_after_s
from worker.voices.remote.server import Server
from worker.voices.remote.trouble import Trouble

KEY = "sk-0123456789"
SERVER = Server.of(RemoteSettings(url="http://far.example", api_key=KEY))


@given(status=st.integers(201, 599),
       body=st.binary(max_size=200) | st.text(max_size=60).map(lambda said: f"{said}{KEY}".encode()),
       retry_after=st.text(st.characters(max_codepoint=255), max_size=30))
def test_any_answer_is_a_reason(status: int, body: bytes, retry_after: str) -> None:
    reason = refusal(Head(status, {"retry-after": retry_after}), body, SERVER)
    assert isinstance(reason, SpeechError | Trouble)
    assert reason.message.isprintable()
    assert len(reason.message) < 500
    assert KEY not in str(reason) + getattr(reason, "detail", "")


@pytest.mark.parametrize(("value", "seconds"), [
    ("", None), ("0", 0), ("7", 7), ("1.5", 1.5), ("-1", None), ("soon", None), ("9" * 400, None), ("1e9", None), ("nan", None),
    ("Fri, 31 Dec 9999 23:59:60 GMT", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)])
def test_how_long_to_wait(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}, time.time()) == seconds


def test_a_date_to_come_back_at() -> None:
    now_s = 1_800_000_000
    assert retry_after_s({"retry-after": formatdate(now_s + 90, usegmt=True)}, now_s) == 90


@given(value=st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_wish_is_a_time_or_none(value: str) -> None:
    seconds = retry_after_s({"retry-after": value}, 0)
    assert seconds is None or seconds >= 0
