"""The whole system as processes: Redis, producer, workers, object store. A test may break any of them: each is a Program."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from speechmill.settings import S3Settings
from tests.services.program import Program, free_port
from tests.services.redis_server import RedisServer, running_redis

START_S = 90
"""For a machine with much else to do."""
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


@dataclass
class Stack:
    """A running system. `http` talks to its producer."""

    folder: Path
    environment: dict[str, str]
    redis: RedisServer
    base_url: str
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, timeout=60)

    def start(self, name: str, *arguments: str, **settings: str) -> Program:
        """Start a part and remember it; `settings` override the stack's (without their SPEECHMILL_)."""
        environment = {**self.environment, **{f"SPEECHMILL_{key}": value for key, value in settings.items()}}
        program = Program((sys.executable, "-m", *arguments), self.folder / f"{name}.log", lambda: True, environment)
        program.launch()
        self.programs[name] = program
        return program

    def job(self, job_id: str) -> dict[str, Any]:
        with self.http as http:
            answer = http.get(f"/v1/audio/speech/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def create(self, text: str, **body: Any) -> dict[str, Any]:
        with self.http as http:
            answer = http.post("/v1/audio/speech/jobs", json={"input": text, **body})
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def wait(self, job_id: str, timeout_s: float = 90) -> dict[str, Any]:
        """The job once it has ended."""
        deadline = time.monotonic() + timeout_s
        with self.http as http:
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    answer = http.get(f"/v1/audio/speech/jobs/{job_id}", headers={"Prefer": "wait=5"})
                    if answer.status_code == 200:
                        job: dict[str, Any] = answer.json()
                        if job["status"] in ("completed", "failed", "cancelled", "expired"):
                            return job
        raise AssertionError(f"{job_id} has not ended in {timeout_s} s: {self.job(job_id)}\n{self.logs()}")

    def audio(self, job_id: str) -> bytes:
        with self.http as http:
            answer = http.get(f"/v1/audio/speech/jobs/{job_id}/content", follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.content

    def logs(self) -> str:
        return "\n".join(f"== {name}\n" + "\n".join((self.folder / f"{name}.log").read_text().splitlines()[-30:])
                         for name in self.programs)

    def wait_serving(self) -> None:
        """Until the producer answers."""
        self._until(lambda http: http.get("/healthz").status_code == 200)

    def wait_ready(self, n_models: int = 1) -> None:
        """Until a cpu worker, and a speech worker of each model, take units."""
        ready = re.compile(r'speech_slots\{queue="\S+:interactive"\} [1-9]')
        self._until(lambda http: len(ready.findall(http.get("/metrics").text)) > n_models, timeout_s=START_S * n_models)

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's lines that have these labels; None where there is none."""
        with self.http as http:
            lines = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", http.get("/metrics").text, re.MULTILINE)
        values = [float(value) for line, value in lines if all(f'{key}="{wanted}"' in line for key, wanted in labels.items())]
        return sum(values) if values else None

    def _until(self, ready: Callable[[httpx.Client], bool], timeout_s: float = START_S) -> None:
        deadline = time.monotonic() + timeout_s
        with self.http as http:
            while time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    if ready(http):
                        return
                time.sleep(0.05)
        raise AssertionError(f"the stack did not become ready\n{self.logs()}")


@contextmanager
def running_stack(folder: Path, *, s3: S3Settings | None = None, workers: bool = True, **settings: str) -> Iterator[Stack]:
    """Redis, producer, one speech worker with the tone voice and one cpu worker, all on loopback, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(_made(folder / "redis")))
        port = free_port()
        environment = {
            "SPEECHMILL_REDIS__URL": redis.url,
            "SPEECHMILL_BLOBS__FOLDER": str(folder / "objects"),
            "SPEECHMILL_BLOBS__URL_SECRET": "a secret of the tests",
            "SPEECHMILL_PRODUCER__PORT": str(port),
            "SPEECHMILL_WORKER__VOICE": "tone",
            "SPEECHMILL_WORKER__LEASE_S": "3",
            "SPEECHMILL_WORKER__SCRATCH": str(_made(folder / "scratch")),
            "SPEECHMILL_WEBHOOKS__SECRET": SECRET,
            "SPEECHMILL_WEBHOOKS__ALLOW_CIDRS": "127.0.0.0/8",
            "SPEECHMILL_LOG__FORMAT": "text",
            **(_s3(s3) if s3 else {}),
            **{f"SPEECHMILL_{key}": value for key, value in settings.items()},
        }
        running = Stack(folder, environment, redis, f"http://127.0.0.1:{port}")
        stack.callback(_stop_all, running)
        running.start("producer", "producer")
        if workers:
            running.start("speech", "worker", "speech")
            running.start("cpu", "worker", "cpu")
            running.wait_ready()
        running.wait_serving()
        yield running


def _s3(s3: S3Settings) -> dict[str, str]:
    assert s3.endpoint_url
    assert s3.access_key_id
    assert s3.secret_access_key
    return {"SPEECHMILL_BLOBS__KIND": "s3", "SPEECHMILL_S3__BUCKET": s3.bucket, "SPEECHMILL_S3__ENDPOINT_URL": s3.endpoint_url,
            "SPEECHMILL_S3__ACCESS_KEY_ID": s3.access_key_id.get_secret_value(),
            "SPEECHMILL_S3__SECRET_ACCESS_KEY": s3.secret_access_key.get_secret_value()}


def _stop_all(stack: Stack) -> None:
    for program in reversed(stack.programs.values()):
        program.stop()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
