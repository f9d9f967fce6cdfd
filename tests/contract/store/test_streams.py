"""Sound in a Redis stream: capped, gone after a while, and of nobody but the attempt that holds the lease."""

import time
from typing import Any

from speechmill.store import streams
from speechmill.store.streams import Attempt, Piece, stream_key
from tests.contract.store.conftest import Mill

TTL_MS = 60_000


def heard(mill: Mill, job_id: str, token: int) -> list[tuple[str, str]]:
    entries: Any = mill.store.redis.xrange(stream_key(job_id, token))
    return [(entry, fields["sound"]) for entry, fields in entries]


def test_pieces_are_numbered_from_one(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    for number, sound in enumerate((b"a", b"b"), 1):
        assert mill.store.run(streams.append(unit, Piece(number, sound, keep=10), TTL_MS))
    assert heard(mill, job_id, unit.token) == [("1-0", "a"), ("2-0", "b")]


def test_only_so_many_of_the_newest_pieces_stay(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    for number in range(1, 9):
        mill.store.run(streams.append(unit, Piece(number, b"x", keep=3), TTL_MS))
    assert [entry for entry, _ in heard(mill, job_id, unit.token)] == ["6-0", "7-0", "8-0"]


def test_a_piece_whose_reply_was_lost_may_be_appended_again(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    for _ in range(3):
        assert mill.store.run(streams.append(unit, Piece(1, b"a", keep=10), TTL_MS))
    assert len(heard(mill, job_id, unit.token)) == 1


def test_a_stream_goes_a_while_after_its_last_piece(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    mill.store.run(streams.append(unit, Piece(1, b"a", keep=10), 30))
    deadline = time.monotonic() + 10
    while mill.store.redis.exists(stream_key(job_id, unit.token)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert heard(mill, job_id, unit.token) == []


def test_whoever_lost_the_lease_is_heard_no_more(mill: Mill) -> None:
    job_id = mill.submit().job_id
    lost = mill.claim()
    assert mill.store.run(streams.append(lost, Piece(1, b"a", keep=10), TTL_MS))
    assert mill.store.run(streams.streaming(job_id)) == Attempt(lost.token, alive=True)
    mill.let_leases_end(lost)
    mill.sweep()
    assert mill.store.run(streams.streaming(job_id)) == Attempt(lost.token, alive=False)
    assert not mill.store.run(streams.append(lost, Piece(2, b"b", keep=10), TTL_MS))
    assert heard(mill, job_id, lost.token) == [("1-0", "a")]


def test_the_job_names_the_attempt_that_is_heard_from_its_first_piece_on(mill: Mill) -> None:
    job_id = mill.submit().job_id
    assert mill.store.run(streams.streaming(job_id)) == Attempt(0, alive=False)
    lost = mill.claim()
    mill.store.run(streams.append(lost, Piece(1, b"a", keep=10), TTL_MS))
    mill.let_leases_end(lost)
    mill.sweep()
    unit = mill.claim()
    assert mill.store.run(streams.streaming(job_id)).token == lost.token
    mill.store.run(streams.append(unit, Piece(1, b"A", keep=10), TTL_MS))
    assert mill.store.run(streams.streaming(job_id)) == Attempt(unit.token, alive=True)
    assert heard(mill, job_id, unit.token) == [("1-0", "A")]


def test_an_attempt_of_a_job_that_has_ended_is_over(mill: Mill) -> None:
    mill.submit()
    unit = mill.claim()
    mill.store.run(streams.append(unit, Piece(1, b"a", keep=10), TTL_MS))
    assert mill.completed(unit).committed
    assert not mill.store.run(streams.append(unit, Piece(2, b"b", keep=10), TTL_MS))


def test_when_the_job_has_ended_its_sound_leaves_redis_soon_for_storage_has_it(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    mill.store.run(streams.append(unit, Piece(1, b"a", keep=10), TTL_MS))
    assert mill.completed(unit).committed
    assert 0 < mill.store.redis.pttl(stream_key(job_id, unit.token)) <= 10_000


def test_whoever_follows_the_channel_is_told_of_each_piece(mill: Mill) -> None:
    with mill.store.redis.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(streams.STREAMED_CHANNEL)
        channel.get_message(timeout=1.0)
        job_id = mill.submit().job_id
        unit = mill.claim()
        mill.store.run(streams.append(unit, Piece(1, b"a", keep=10), TTL_MS))
        message = None
        deadline = time.monotonic() + 10
        while message is None and time.monotonic() < deadline:
            message = channel.get_message(timeout=0.1)
    assert message
    assert message["data"] == f"{job_id} {unit.token}"
