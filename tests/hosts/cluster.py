"""The whole system on seven hosts of one network, as its client sees it and as its Redis does."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from redis import Redis, RedisError

from tests.hosts import layout
from tests.hosts.host import Host
from tests.hosts.network import open_network

JOBS = "/v1/audio/speech/jobs"
ENDS = ("completed", "failed", "cancelled", "expired")


@dataclass(frozen=True)
class Cluster:
    """`http` asks from the client's host. `look` reads in Redis by a way that no cut interrupts."""

    redis: Host
    s3: Host
    producer: Host
    client: Host
    workers: tuple[Host, ...]
    http: httpx.Client
    look: Redis

    @property
    def hosts(self) -> tuple[Host, ...]:
        return (self.redis, self.s3, self.producer, self.client, *self.workers)

    def mend(self) -> None:
        """What was cut is healed, what was switched off boots, and the system is ready."""
        for host in self.hosts:
            host.heal()
            if not host.is_on:
                host.boot()
        self.until(lambda: self.http.get("/readyz").status_code == 200, "the producer is not ready")
        for host in self.workers:
            self.until(partial(self._all_ready, host), f"the workers of {host.name} are not ready")

    def create(self, text: str, **body: Any) -> str:
        """The id of a job that was accepted."""
        answer = self.http.post(JOBS, json={"input": text, **body})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def wait(self, job_id: str) -> dict[str, Any]:
        """The job, once it has ended."""
        job: dict[str, Any] = {}

        def ended() -> bool:
            answer = self.http.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=5"})
            job.update(answer.json())
            return answer.status_code == 200 and job["status"] in ENDS

        self.until(ended, f"{job_id} has not ended")
        return job

    def audio(self, job_id: str) -> bytes:
        """The result, from storage, by the URL that the producer signed."""
        answer = self.http.get(f"{JOBS}/{job_id}/content", follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.content

    def leases_of(self, host: Host) -> dict[str, str]:
        """The units that workers of this host lease, each with its token."""
        refs = [ref for worker in self._workers(host) for ref in self._said(self.look.smembers(f"{{speechmill}}:held:{worker}"))]
        tokens = {ref: self._said(self.look.hget(f"{{speechmill}}:unit:{ref}", "token")) for ref in refs}
        return {ref: token for ref, token in tokens.items() if token}

    def counted(self) -> Counter[str]:
        """The job store's own counters: units:done, units:crashed, jobs:completed, …"""
        return Counter({name: int(n) for name, n in self._said(self.look.hgetall("{speechmill}:stats")).items()})

    def events(self) -> list[dict[str, str]]:
        """The event log."""
        return [fields for _, fields in self._said(self.look.xrange("{speechmill}:events"))]

    def until(self, true: Callable[[], object], otherwise: str, timeout_s: float = 60) -> None:
        """Wait until it is `true`; no answer counts as a no."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError, RedisError):
                if true():
                    return
            time.sleep(0.05)
        raise AssertionError(f"{otherwise} after {timeout_s:.0f} s\n" + "\n".join(host.last_words() for host in self.hosts))

    def _all_ready(self, host: Host) -> bool:
        return {record["role"] for record in self._workers(host).values() if record["state"] == "ready"} == set(host.programs)

    def _workers(self, host: Host) -> dict[str, dict[str, str]]:
        records = {key.rpartition(":")[2]: self._said(self.look.hgetall(key))
                   for key in self.look.scan_iter("{speechmill}:worker:*")}
        return {worker: record for worker, record in records.items() if record.get("host") == host.name}

    @staticmethod
    def _said(reply: Any) -> Any:
        """redis-py types each reply as if it might have to be awaited."""
        return reply


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Everything booted and ready. Raises CannotMakeHosts."""
    with ExitStack() as stack:
        network = stack.enter_context(open_network(folder))
        redis_folder, client_folder = folder / "redis", folder / "client"
        workers = tuple(layout.worker_host(network, folder / f"worker-{n}", n) for n in range(len(layout.WORKERS)))
        look = Redis(unix_socket_path=str(layout.redis_socket(redis_folder)), password=layout.PASSWORD, decode_responses=True)
        stack.callback(look.close)
        cluster = Cluster(
            layout.redis_host(network, redis_folder), layout.s3_host(network, folder / "s3"),
            layout.producer_host(network, folder / "producer"), layout.client_host(network, client_folder), workers,
            stack.enter_context(_http(client_folder)), look)
        for host in cluster.hosts:
            stack.callback(host.lose_power)
        cluster.mend()
        yield cluster


def _http(client_folder: Path) -> httpx.Client:
    """Whatever is asked of the producer or of storage takes the client host's way there."""
    s3 = httpx.HTTPTransport(uds=str(client_folder / "s3.sock"))
    return httpx.Client(base_url=f"http://{layout.PRODUCER}:{layout.PRODUCER_PORT}", timeout=60,
                        transport=httpx.HTTPTransport(uds=str(client_folder / "producer.sock")),
                        mounts={f"http://{layout.S3}:{layout.S3_PORT}": s3})
