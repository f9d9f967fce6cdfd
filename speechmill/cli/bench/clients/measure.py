"""Many clients that wait, and what they cost: the producer's memory, and the time of a new submit beside one without them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import httpx

from speechmill.cli.bench.clients.crowd import Order as CrowdOrder
from speechmill.cli.bench.clients.crowd import Stay
from speechmill.cli.bench.clients.footprint import Footprint, footprint
from speechmill.cli.bench.load import GRACE_S, Result
from speechmill.cli.bench.load import Order as LoadOrder
from speechmill.cli.exits import Failure
from speechmill.cli.stack.parts import Address
from speechmill.view import JOBS_PATH

SETTLE_S = 2.0
CLOSE_S = 10.0
JOBS = 100
"""Jobs that the clients wait for. No worker runs: none of them ends."""


@dataclass(frozen=True)
class Plan:
    """Submits of one run: `rate_per_s`, for `seconds`."""

    clients: int
    rounds: int
    rate_per_s: float
    seconds: float


@dataclass(frozen=True)
class Round:
    """With all clients open. `bytes_a_client` says something in the first round only: later ones use the same memory again.
    `left_*`: once they have gone, beyond what there was before they came; in the first round that is what a process keeps for the
    next crowd, such as connections to Redis. `settled_s`: until no more files were closed."""

    submits: Result
    bytes_a_client: float
    cpu_share: float
    stay: Stay
    left_bytes: int
    left_files: int
    settled_s: float


@dataclass(frozen=True)
class Measured:
    alone: Result
    rounds: list[Round] = field(default_factory=list)


def measure_clients(address: Address, producer: int, body: str, plan: Plan) -> Measured:
    """`producer`: the process that is looked at. Raises Failure."""
    jobs = _make_jobs(address, body)
    alone = _submits(address, body, plan)
    return Measured(alone, [_round(address, producer, jobs, body, plan) for _ in range(plan.rounds)])


def _round(address: Address, producer: int, jobs: list[str], body: str, plan: Plan) -> Round:
    before = footprint(producer)
    with _crowd(CrowdOrder(address.reachable, address.port, jobs, plan.clients)) as crowd:
        time.sleep(SETTLE_S)
        full, begun = footprint(producer), time.monotonic()
        submits = _submits(address, body, plan)
        busy_s, wall_s = footprint(producer).cpu_s - full.cpu_s, time.monotonic() - begun
    settled_s, after = _settled(producer, before)
    return Round(submits, (full.rss_bytes - before.rss_bytes) / plan.clients, busy_s / wall_s, crowd.stay,
                 after.rss_bytes - before.rss_bytes, after.open_files - before.open_files, settled_s)


def _settled(producer: int, before: Footprint) -> tuple[float, Footprint]:
    """Once no more files are open than before, or none has been closed for long; and how long that took, seconds."""
    begun = changed = time.monotonic()
    now = footprint(producer)
    while now.open_files > before.open_files and time.monotonic() - changed < CLOSE_S:
        time.sleep(0.05)
        last, now = now, footprint(producer)
        if now.open_files != last.open_files:
            changed = time.monotonic()
    return changed - begun, now


@dataclass
class Crowd:
    stay: Stay = field(default_factory=Stay)


@contextmanager
def _crowd(order: CrowdOrder) -> Iterator[Crowd]:
    """Inside, all clients wait."""
    crowd = Crowd()
    process = subprocess.Popen([sys.executable, "-P", "-m", "speechmill.cli.bench.clients.crowd"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(asdict(order)) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "open\n":
            raise Failure(f"the clients could not all connect (status {process.wait(10)}).")
        yield crowd
        process.stdin.close()
        crowd.stay = Stay(**json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _make_jobs(address: Address, body: str) -> list[str]:
    """Paths of jobs to wait for."""
    with httpx.Client(base_url=address.url, timeout=30) as http:
        answers = [http.post(JOBS_PATH, content=body, headers={"Content-Type": "application/json"}) for _ in range(JOBS)]
    for answer in answers:
        if answer.status_code != 202:
            raise Failure(f"a job was not accepted: {answer.status_code} {answer.text[:200]}")
    return [answer.headers["location"] for answer in answers]


def _submits(address: Address, body: str, plan: Plan) -> Result:
    order = LoadOrder(address.reachable, address.port, JOBS_PATH, body, plan.seconds, 8, plan.rate_per_s)
    done = subprocess.run([sys.executable, "-P", "-m", "speechmill.cli.bench.load"], input=json.dumps(asdict(order)),
                          stdout=subprocess.PIPE, text=True, check=False, timeout=plan.seconds + GRACE_S + 30)
    if done.returncode:
        raise Failure(f"the load generator ended with status {done.returncode}.")
    return Result(**json.loads(done.stdout))
