"""What the machine has found, or led to, told as plain examples."""

import redis

from speechmill.job import Phase
from speechmill.request import SpeechSpec, WebhookSpec
from speechmill.store import verbs
from speechmill.store.client import Policy
from speechmill.store.verbs import Submission
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.driver import Driver

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
    driver.finish(again, ())
    driver.check_that_nothing_is_left()


def test_the_list_of_dead_events_ends_with_the_events(quick_redis: redis.Redis) -> None:
    driver = with_a_job(quick_redis)
    unit = driver.claim("w1", [SPEECH])
    assert unit
    driver.finish(unit, ())
    event = driver.due(60_000)
    assert event
    driver.settle(event, "dead", 0)
    assert quick_redis.zcard(KEY_PREFIX + "dead") == 1
    driver.pass_time(Policy().results_ms + 1)
    driver.sweep()
    assert quick_redis.zcard(KEY_PREFIX + "dead") == 0
    assert driver.store.run(verbs.due(60_000)) is None
