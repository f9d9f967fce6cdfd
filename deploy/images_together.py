"""Starts docker-compose.yml with the images just built, has a short and a long text spoken through it, and takes it down.

Its secrets, ports and volumes are its own, so a system that runs on this machine is not touched. The short text takes the
sync URL and the proxy's way through the producer; the long one is cut, spoken in parts and joined, and is fetched from the
store by its signed URL: every service of the compose file takes part.
"""

import argparse
import io
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import soundfile

ROOT = Path(__file__).parent.parent
PROJECT = "speechmill-images"
COMPOSE = {"docker": ["docker", "compose"], "podman": [str(Path(sys.executable).parent / "podman-compose")]}
SERVICES = ("redis", "s3", "producer", "cpu", "speech")
READY_WITHIN_S = 120
SPOKEN_WITHIN_S = 60
SHORT = "The containers are up, and they can speak."
LONG = " ".join(f"Sentence {n} of a text that is too long to be spoken in one piece." for n in range(1, 21))


@dataclass(frozen=True)
class Stack:
    """The compose project in a folder of its own, with its .env beside it."""

    engine: str
    folder: Path
    files: list[Path]
    producer: str
    """Address on this machine, host:port."""
    key: str

    def compose(self, *arguments: str) -> None:
        files = [part for file in self.files for part in ("--file", str(file))]
        self._run(*COMPOSE[self.engine], "--project-name", PROJECT, *files, *arguments)

    def healthy(self, service: str) -> bool:
        """Whether the service's own health check passes now. Run from here: podman leaves its running to systemd."""
        name = self._name(service)
        if self.engine == "docker":
            return self._ask("inspect", "--format", "{{.State.Health.Status}}", name) == "healthy"
        return subprocess.run([self.engine, "healthcheck", "run", name], capture_output=True).returncode == 0

    def logs(self, service: str) -> str:
        done = subprocess.run([self.engine, "logs", "--tail", "30", self._name(service)], capture_output=True, text=True)
        return done.stdout + done.stderr

    def _name(self, service: str) -> str:
        return self._ask("ps", "--all", "--format", "{{.Names}}", "--filter", f"label=com.docker.compose.project={PROJECT}",
                         "--filter", f"label=com.docker.compose.service={service}")

    def _ask(self, *arguments: str) -> str:
        return subprocess.run([self.engine, *arguments], capture_output=True, text=True).stdout.strip()

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"images: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=tuple(COMPOSE), required=True)
    parser.add_argument("--override", type=Path, action="append", default=[], help="a compose file laid over the first")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = prepare(chosen.engine, Path(folder), chosen.override)
        began = time.monotonic()
        try:
            stack.compose("up", "--detach", "--no-build")
            wait_until_healthy(stack)
            say(f"all services healthy after {time.monotonic() - began:.1f} s")
            speak_short(stack)
            speak_long(stack)
        except (httpx.HTTPError, TimeoutError, AssertionError) as error:
            logs = "".join(f"--- {service}\n{stack.logs(service)}" for service in SERVICES)
            sys.exit(f"{logs}\nimages: {error!r}")
        finally:
            stack.compose("down", "--volumes")


def prepare(engine: str, folder: Path, overrides: list[Path]) -> Stack:
    producer, store = free_addresses(2)
    key = secrets.token_hex(24)
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / ".env").write_text("\n".join([
        "COMPOSE_PROFILES=embedded",
        f"SPEECHMILL_PRODUCER__ADMIN_KEY={key}",
        f"REDIS_PASSWORD={secrets.token_hex(24)}",
        f"SPEECHMILL_S3__ACCESS_KEY_ID={secrets.token_hex(10)}",
        f"SPEECHMILL_S3__SECRET_ACCESS_KEY={secrets.token_hex(24)}",
        f"SPEECHMILL_S3__PUBLIC_ENDPOINT_URL=http://{store}",
        f"PRODUCER_ADDRESS={producer}",
        f"S3_ADDRESS={store}",
    ]) + "\n")
    return Stack(engine, folder, [folder / "docker-compose.yml", *overrides], producer, key)


def free_addresses(n: int) -> list[str]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in held]
    for one in held:
        one.close()
    return addresses


def wait_until_healthy(stack: Stack) -> None:
    end = time.monotonic() + READY_WITHIN_S
    waiting = list(SERVICES)
    while waiting := [service for service in waiting if not stack.healthy(service)]:
        if time.monotonic() > end:
            raise TimeoutError(f"not healthy after {READY_WITHIN_S} s: {', '.join(waiting)}")
        time.sleep(0.5)


def speak_short(stack: Stack) -> None:
    audio = post(stack, "/v1/audio/speech", {"input": SHORT, "response_format": "wav"})
    say(f"a short text, straight back: {seconds(audio, at_least=1.5):.1f} s of speech")


def speak_long(stack: Stack) -> None:
    job = json.loads(post(stack, "/v1/audio/speech/jobs", {"input": LONG, "response_format": "mp3"}))
    end = time.monotonic() + SPOKEN_WITHIN_S
    while job["status"] in ("queued", "in_progress"):
        if time.monotonic() > end:
            raise TimeoutError(f"the long text is still {job['status']} after {SPOKEN_WITHIN_S} s")
        time.sleep(0.2)
        job = json.loads(fetch(stack, f"/v1/audio/speech/jobs/{job['id']}"))
    if job["status"] != "completed":
        raise AssertionError(f"the long text ended as {job['status']}: {job['error']}")
    audio = fetch(stack, f"/v1/audio/speech/jobs/{job['id']}/content")
    say(f"a long text, by way of the store: {seconds(audio, at_least=30):.1f} s of speech")


def post(stack: Stack, path: str, body: dict[str, str]) -> bytes:
    return answer(httpx.post(f"http://{stack.producer}{path}", json=body, headers=authorization(stack), timeout=SPOKEN_WITHIN_S))


def fetch(stack: Stack, path: str) -> bytes:
    # httpx shows the key to the producer alone, not to the store that it redirects to.
    return answer(httpx.get(f"http://{stack.producer}{path}", headers=authorization(stack), timeout=SPOKEN_WITHIN_S,
                            follow_redirects=True))


def authorization(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.key}"}


def answer(response: httpx.Response) -> bytes:
    if not response.is_success:
        raise AssertionError(f"{response.url} answered {response.status_code}: {response.text[:500]}")
    return response.content


def seconds(audio: bytes, at_least: float) -> float:
    """Length of a sound file that is really speech: long enough, and not silent."""
    samples, rate_hz = soundfile.read(io.BytesIO(audio))
    length = len(samples) / rate_hz
    loudest = abs(samples).max(initial=0.0)
    if length < at_least or loudest < 0.05:
        raise AssertionError(f"{length:.1f} s of sound, {loudest:.3f} at its loudest, is no speech")
    return float(length)


def say(text: str) -> None:
    print(f"images: {text}", flush=True)  # noqa: T201 - a script speaks on stdout


if __name__ == "__main__":
    main()
