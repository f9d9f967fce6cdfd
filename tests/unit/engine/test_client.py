"""The engine's process behind its client: when it dies, hangs or grows, nothing is lost but what it was speaking."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.unit.engine.tone_speaker import ToneOptions
from worker.engine.client import EngineClient, StartOptions
from worker.engine.errors import BrokenNumbers, EngineDied, EngineFull
from worker.engine.speaker import Pcm, Reference, Speak
from worker.engine.speaking import Speaking
from worker.model.errors import BadUtterance, CheckpointError, EngineError
from worker.model.sampling import Sampling

TONES = "tests.unit.engine.tone_speaker:speaker"


@dataclass
class House:
    """A client, what it told of deaths and of its end, and ids for its utterances."""

    client: EngineClient
    deaths: list[list[int]] = field(default_factory=list)
    broken: list[EngineError] = field(default_factory=list)
    n_asked: int = 0

    def say(self, text: str, **more: object) -> Speaking:
        self.n_asked += 1
        return self.client.speak(Speak(id=self.n_asked, text=text, language="english", **more))  # type: ignore[arg-type]

    def engine_pid(self) -> int:
        wait_for(lambda: self.client.pid is not None)
        assert self.client.pid
        return self.client.pid


Open = Callable[..., House]


@pytest.fixture
def open_house() -> Iterator[Open]:
    houses: list[House] = []

    def open_house(options: ToneOptions | None = None, factory: str = TONES, **more: object) -> House:
        start = StartOptions(factory, options or ToneOptions(), **more)  # type: ignore[arg-type]
        deaths: list[list[int]] = []
        broken: list[EngineError] = []

        def died(ids: Sequence[int]) -> None:
            deaths.append(sorted(ids))

        houses.append(House(EngineClient(start, on_death=died, on_broken=broken.append), deaths, broken))
        return houses[-1]

    yield open_house
    for house in houses:
        house.client.close()


@pytest.fixture
def house(open_house: Open) -> House:
    house = open_house()
    house.client.start()
    return house


def heard(speaking: Speaking) -> Pcm:
    return np.concatenate(list(speaking.chunks()))


def wait_for(true: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z" if sys.platform == "linux" else True
    return False


# --- speaking

def test_it_says_what_the_speaker_offers_once_it_is_warm(open_house: Open) -> None:
    info = open_house().client.start()
    assert (info.name, info.kind) == ("tones", "custom_voice")
    assert "sohee" in info.voices


def test_sound_comes_whole_and_in_pieces_of_a_second(house: House) -> None:
    pieces = list(house.say("x" * 100).chunks())
    assert [len(piece) for piece in pieces] == [24_000] * 6
    assert np.abs(np.concatenate(pieces)).max() == pytest.approx(0.3, abs=0.01)


def test_the_frame_cap_is_told(house: House) -> None:
    short, long = house.say("x" * 100, sampling=Sampling(max_frames=10)), house.say("x" * 100)
    assert len(heard(short)) == 10 * 1920
    assert len(heard(long)) == 6 * 24_000
    assert (short.capped, long.capped) == (True, False)


def test_a_reference_reaches_the_engine(house: House) -> None:
    assert len(heard(house.say("Hello there.", reference=Reference(np.ones(30 * 24_000, np.float32), "One."))))


def test_what_cannot_be_spoken_is_raised_as_itself_and_the_others_go_on(house: House) -> None:
    good = [house.say(f"Sentence {n} is long enough to take a while.") for n in range(4)]
    with pytest.raises(BadUtterance, match="nobody has it") as refused:
        heard(house.say("BAD"))
    assert refused.value.param == "voice"
    with pytest.raises(EngineFull):
        heard(house.say("FULL"))
    with pytest.raises(BrokenNumbers):
        heard(house.say("NAN"))
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        heard(house.say("ODD"))
    assert all(len(heard(speaking)) for speaking in good)
    assert house.deaths == []


def test_sixty_four_threads_speak_through_an_arena_of_eight_blocks_and_each_hears_its_own(open_house: Open) -> None:
    house = open_house(arena_blocks=8)
    house.client.start()
    texts = [f"{n} " + "x" * (20 + n) for n in range(64)]
    alone = [heard(house.say(text)) for text in texts[:4]]
    utterances = [house.say(text, streamed=n % 2 == 0) for n, text in enumerate(texts)]
    with ThreadPoolExecutor(64) as threads:
        together = list(threads.map(heard, utterances))
    assert [len(pcm) for pcm in together] == [max(3, round(0.06 * len(text) * 12.5)) * 1920 for text in texts]
    assert all(np.array_equal(pcm, other) for pcm, other in zip(alone, together, strict=False))


def test_an_utterance_that_nobody_reads_holds_up_nobody(open_house: Open) -> None:
    house = open_house(arena_blocks=2)
    house.client.start()
    unread = house.say("x" * 200)
    assert len(heard(house.say("x" * 200))) == 12 * 24_000
    assert len(heard(unread)) == 12 * 24_000


def test_a_cancelled_utterance_ends_and_is_forgotten(open_house: Open) -> None:
    house = open_house(ToneOptions(step_s=0.2))
    house.client.start()
    doomed, lucky = house.say("x" * 2000, streamed=True), house.say("x" * 50)
    chunks = doomed.chunks()
    next(chunks)
    threading.Timer(0.05, doomed.cancel).start()
    assert len(list(chunks)) < 100
    assert doomed.cancelled
    assert len(heard(lucky))
    wait_for(lambda: house.client.gauges.get("slots_used") == 0)


def test_its_memory_is_known_before_its_first_beat(open_house: Open) -> None:
    house = open_house()
    house.client.start()
    assert house.client.gauges["rss_bytes"] > 1 << 20


def test_it_beats_with_its_figures_while_idle(house: House) -> None:
    wait_for(lambda: house.client.gauges.get("steps", 0) > 1)
    first = house.client.gauges["steps"]
    wait_for(lambda: house.client.gauges["steps"] > first)
    assert house.client.gauges["rss_bytes"] > 1 << 20
    assert house.client.well


# --- starting

def test_what_an_engine_has_started_ends_with_it(open_house: Open, tmp_path: Path) -> None:
    house = open_house(ToneOptions(starts_file=tmp_path / "starts"))
    house.client.start()
    with pytest.raises(EngineDied):
        heard(house.say("BROOD"))
    pid = int((tmp_path / "starts").read_text())
    wait_for(lambda: not is_running(pid))


def test_a_checkpoint_that_cannot_be_loaded_is_said_by_start(open_house: Open, tmp_path: Path) -> None:
    house = open_house(ToneOptions(starts_file=tmp_path / "starts", good_starts=0))
    with pytest.raises(CheckpointError, match=r"model\.safetensors is gone"):
        house.client.start()
    assert not house.client.well


def test_an_engine_that_dies_while_it_starts_is_quoted(open_house: Open) -> None:
    with pytest.raises(EngineDied, match=r"ended with status 7.*no strings on this lyre"):
        open_house(ToneOptions(die_at_start=True)).client.start()


def test_a_factory_that_does_not_exist_is_named(open_house: Open) -> None:
    with pytest.raises(EngineDied, match=r"tests\.nowhere"):
        open_house(factory="tests.nowhere:speaker").client.start()


def test_a_start_that_takes_too_long_is_ended(open_house: Open, tmp_path: Path) -> None:
    house = open_house(ToneOptions(starts_file=tmp_path / "starts", start_s=60), start_timeout_s=3)
    with pytest.raises(EngineDied, match="not ready within 3 s"):
        house.client.start()
    assert not is_running(int((tmp_path / "starts").read_text()))


def test_a_client_that_is_closed_while_it_starts_says_so_at_once(open_house: Open) -> None:
    house = open_house(ToneOptions(start_s=60))
    threading.Timer(0.5, house.client.close).start()
    begun = time.monotonic()
    with pytest.raises(EngineDied, match="closed"):
        house.client.start()
    assert time.monotonic() - begun < 30


def test_a_client_that_was_closed_before_does_not_start(open_house: Open) -> None:
    house = open_house()
    house.client.close()
    with pytest.raises(EngineDied, match="closed"):
        house.client.start()
    assert house.broken == []


# --- dying

def test_kill_9_fails_what_was_in_flight_once_and_the_next_process_speaks(open_house: Open) -> None:
    house = open_house(ToneOptions(step_s=0.3))
    house.client.start()
    before = house.engine_pid()
    doomed = [house.say(f"x{n}" * 2000, streamed=True) for n in range(3)]
    next(doomed[0].chunks())
    os.kill(before, signal.SIGKILL)
    for speaking in doomed:
        with pytest.raises(EngineDied, match="SIGKILL"):
            heard(speaking)
    assert house.deaths == [[1, 2, 3]]
    assert len(heard(house.say("Here again."))) > 0
    assert house.engine_pid() != before


def test_nothing_fails_before_its_death_was_told_of_and_the_engine_is_back_meanwhile() -> None:
    telling, told = threading.Event(), threading.Event()

    def died(_ids: Sequence[int]) -> None:
        telling.set()
        told.wait(100)

    client = EngineClient(StartOptions(TONES, ToneOptions()), on_death=died)
    try:
        client.start()
        doomed = client.speak(Speak(id=1, text="CRASH", language="english"))
        with ThreadPoolExecutor(1) as threads:
            reading = threads.submit(heard, doomed)
            assert telling.wait(60)
            assert len(heard(client.speak(Speak(id=2, text="Meanwhile.", language="english"))))
            assert not reading.done()
            told.set()
            with pytest.raises(EngineDied):
                reading.result(60)
    finally:
        client.close()


def test_an_exception_in_a_step_ends_the_process_and_says_which(house: House) -> None:
    with pytest.raises(EngineDied, match="RuntimeError: told to"):
        heard(house.say("RAISE"))
    assert len(heard(house.say("Again.")))


def test_a_step_that_hangs_is_killed_and_the_log_shows_where(open_house: Open, caplog: pytest.LogCaptureFixture) -> None:
    house = open_house(stall_s=3)
    house.client.start()
    begun = time.monotonic()
    with pytest.raises(EngineDied, match="SIGKILL"):
        heard(house.say("HANG"))
    assert 2 < time.monotonic() - begun < 60
    assert "no sign of life for 3 s" in caplog.text
    assert "in _obey" in caplog.text
    assert ("tests.unit.engine.tone_speaker", "about to hang") in [(line.name, line.message) for line in caplog.records]
    assert len(heard(house.say("Again.")))


def test_a_stopped_process_counts_as_hung(open_house: Open) -> None:
    house = open_house(stall_s=3)
    house.client.start()
    os.kill(house.engine_pid(), signal.SIGSTOP)
    with pytest.raises(EngineDied):
        heard(house.say("x" * 100))
    assert len(heard(house.say("Again.")))


def test_nobody_waits_for_a_hung_engine_to_hear_of_an_utterance_or_of_its_end(open_house: Open) -> None:
    house = open_house(stall_s=4.0)
    house.client.start()
    os.kill(house.engine_pid(), signal.SIGSTOP)
    begun = time.monotonic()
    long = Reference(np.ones(30 * 24_000, np.float32), "One.")
    doomed, leaving = house.say("x", reference=long), house.say("x", reference=long)
    leaving.cancel()
    assert time.monotonic() - begun < 3.5
    with pytest.raises(EngineDied):
        heard(doomed)
    assert list(leaving.chunks()) == []
    assert len(heard(house.say("Again.")))


def test_utterances_wait_for_a_restart_and_can_be_cancelled_meanwhile(open_house: Open) -> None:
    house = open_house(ToneOptions(start_s=0.5))
    house.client.start()
    before = house.engine_pid()
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: house.client.pid != before)
    waiting, leaving = house.say("I can wait."), house.say("I can't.")
    leaving.cancel()
    assert list(leaving.chunks()) == []
    assert len(heard(waiting))
    assert house.deaths == []


def test_after_three_starts_in_a_row_that_fail_it_is_broken_and_says_so(open_house: Open, tmp_path: Path) -> None:
    house = open_house(ToneOptions(starts_file=tmp_path / "starts", good_starts=1))
    house.client.start()
    os.kill(house.engine_pid(), signal.SIGKILL)
    wait_for(lambda: house.client.pid is None)
    with pytest.raises(EngineDied, match="gone"):
        heard(house.say("Anybody there?"))
    assert len((tmp_path / "starts").read_text().splitlines()) == 4
    assert [type(error) for error in house.broken] == [CheckpointError]
    assert not house.client.well
    with pytest.raises(EngineDied, match="gone"):
        heard(house.say("Nobody."))


# --- growing

def test_an_engine_that_grows_is_replaced_and_no_utterance_is_lost(open_house: Open, tmp_path: Path) -> None:
    house = open_house(ToneOptions(starts_file=tmp_path / "starts", step_s=0.02), recycle_rss_bytes=350 << 20)
    house.client.start()
    with ThreadPoolExecutor(4) as threads:
        lengths = list(threads.map(lambda n: len(heard(house.say(f"GROW {n} " + "x" * 40))), range(24)))
    assert all(lengths)
    wait_for(lambda: len((tmp_path / "starts").read_text().splitlines()) > 1)
    assert house.deaths == []


def test_a_limit_below_what_a_fresh_engine_has_replaces_nothing(open_house: Open, caplog: pytest.LogCaptureFixture) -> None:
    house = open_house(recycle_rss_bytes=1 << 20)
    house.client.start()
    pid = house.engine_pid()
    wait_for(lambda: "never replaced" in caplog.text)
    wait_for(lambda: house.client.gauges.get("steps", 0) > 2)
    assert house.client.pid == pid


# --- ending

def test_closing_ends_the_process_and_cancels_what_is_in_flight(open_house: Open) -> None:
    house = open_house(ToneOptions(step_s=0.2))
    house.client.start()
    pid, speaking = house.engine_pid(), house.say("x" * 5000, streamed=True)
    chunks = speaking.chunks()
    next(chunks)
    house.client.close()
    assert list(chunks) == []
    assert speaking.cancelled
    assert not is_running(pid)
    assert list(house.say("Too late.").chunks()) == []
    assert house.deaths == []


def test_closing_leaves_no_file_open(open_house: Open) -> None:
    before = len(os.listdir("/dev/fd"))
    house = open_house()
    house.client.start()
    heard(house.say("Hello."))
    house.client.close()
    del house
    wait_for(lambda: len(os.listdir("/dev/fd")) <= before)


@pytest.mark.parametrize("text", ["Nothing.", "HANG"])
def test_it_ends_with_its_worker_even_when_that_is_killed_and_a_step_hangs(tmp_path: Path, text: str) -> None:
    code = f"""
import time
from pathlib import Path
from tests.unit.engine.tone_speaker import ToneOptions
from worker.engine.client import EngineClient, StartOptions
from worker.engine.speaker import Speak
client = EngineClient(StartOptions({TONES!r}, ToneOptions(starts_file=Path({str(tmp_path / "starts")!r}))))
client.start()
client.speak(Speak(id=1, text={text!r}, language="english"))
time.sleep(0.3)
print("speaking", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == b"speaking\n"
        engine = int((tmp_path / "starts").read_text())
        assert is_running(engine)
        worker.kill()
    wait_for(lambda: not is_running(engine), timeout_s=30)


def test_a_signal_to_stop_every_process_of_the_service_leaves_the_engine_to_its_worker(house: House) -> None:
    pid = house.engine_pid()
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert len(heard(house.say("Still here.")))
    assert house.client.pid == pid
