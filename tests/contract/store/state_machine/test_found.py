"""What the machine has found, or led to, told as plain examples."""

import redis

from speechmill.book import BookSpec, Source
from speechmill.job import Phase
from speechmill.request import SpeechSpec, WebhookSpec
from speechmill.store import deliveries
from speechmill.store.client import Policy
from speechmill.store.verbs import Submission
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.driver import Driver
from tests.contract.store.state_machine.model.jobs import Cut

SPEECH, SUSPECTS = "speech:tone:batch", "speech:tone:suspect"
HOOK = WebhookSpec(url="https://example.com", events=("speech.job.completed",))


def with_a_job(client: redis.Redis) -> Driver:
    driver = Driver(ClockedStore(client, Policy()), {"ada": 1})
    driver.submit(Submission(
        job_id="speech_1", tenant="ada", spec=SpeechSpec(model="tone", voice="low", language="en", webhook=HOOK),
        phase=Phase.WHOLE, characters=100, text="Hello.", input_key="", request_id="req_1", fingerprint="print"))
    return driver


def test_a_suspect_that_is_given_back_stays_one(quick_redis: redis.Redis) -> None:
    """A worker that stops, or a claim whose reply is lost, does not put a poison unit among the others again."""
    driver = with_a_job(quick_redis)
    unit = driver.claim("w1", [SPEECH])
    assert unit
    driver.crash([unit])
    suspect = driver.claim("w1", [SUSPECTS])
    assert suspect
    driver.release(suspect)
    assert driver.claim("w1", [SPEECH]) is None
    again = driver.claim("w1", [SUSPECTS])
    assert again
    driver.finish(again)
    driver.check_that_nothing_is_left()


def test_the_list_of_dead_events_ends_with_the_events(quick_redis: redis.Redis) -> None:
    driver = with_a_job(quick_redis)
    unit = driver.claim("w1", [SPEECH])
    assert unit
    driver.finish(unit)
    event = driver.due(60_000)
    assert event
    driver.settle(event, "dead", 0)
    assert quick_redis.zcard(KEY_PREFIX + "dead") == 1
    driver.pass_time(Policy().results_ms + 1)
    driver.sweep()
    assert quick_redis.zcard(KEY_PREFIX + "dead") == 0
    assert driver.store.run(deliveries.due(60_000)) is None


def test_a_book_is_not_spoken_backwards_when_the_clock_is_set_back(quick_redis: redis.Redis) -> None:
    """Its speed, and so the time that is left of it, stays a number that a client can use."""
    driver = Driver(ClockedStore(quick_redis, Policy()), {"ada": 1})
    voice = {"model": "tone", "voice": "low", "language": "en"}
    driver.submit(Submission(
        job_id="book_1", tenant="ada", spec=BookSpec(**voice, source=Source(sha256="0", name="book.txt", bytes=1)),
        phase=Phase.PLAN, characters=100, text="Hello.", input_key="", request_id="req_1", fingerprint="print"))
    for _ in ("the book", "its first chapter"):
        plan = driver.claim("w1", ["cpu:batch"])
        assert plan
        driver.finish(plan, Cut(segments=(50, 50)))
    for jump_ms in (1000, -60_000):
        driver.pass_time(jump_ms)
        segment = driver.claim("w1", [SPEECH])
        assert segment
        driver.finish(segment)
        driver.check()
