"""`speechmill bench queue`: how fast jobs are accepted durably, and how soon an idle system turns to one."""

import json as json_format
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmill.cli.exits import Failure
from speechmill.cli.options import Json
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.bench.load import Order, Result
    from speechmill.cli.stack.stack import Stack
    from speechmill.store.client import Store

SPEECH = {"input": "Seven words make a sentence of speech.", "model": "tone", "response_format": "wav"}
BODY = json_format.dumps(SPEECH)
JOBS = "/v1/audio/speech/jobs"


def queue(
    seconds: Annotated[float, typer.Option(min=1, max=60, help="Length of each of the three runs under load.")] = 5,
    connections: Annotated[int, typer.Option(min=1, max=256, help="Clients at once, when as much as possible is sent.")] = 32,
    rate: Annotated[float, typer.Option(min=1, max=5000, help="Jobs a second of the paced run.")] = 300,
    jobs: Annotated[int, typer.Option(min=10, max=5000, help="Jobs of the idle run.")] = 100,
    json: Json = False,
) -> None:
    """Measure the queue: durable acceptance over HTTP without workers, beside a plain Celery route, and the wait when idle."""
    from speechmill.cli.bench.load import Order
    from speechmill.cli.doctor.needs import require

    require(Voice.TONE)
    with _stack(workers=False) as stack:
        _publish_model(stack)
        _tell(f"accepting as fast as {connections} clients send, {seconds:g} s")
        accept = _run_load(Order(stack.address.reachable, stack.address.port, JOBS, BODY, seconds, connections))
        _tell(f"accepting {rate:g} jobs/s, {seconds:g} s")
        paced = _run_load(Order(stack.address.reachable, stack.address.port, JOBS, BODY, seconds, connections, rate))
        _tell(f"a plain Celery route as fast as {connections} clients send, {seconds:g} s")
        peer = _measure_peer(stack, connections, seconds)
    with _stack(workers=True) as stack:
        from speechmill.cli.bench.idle import measure_idle

        _tell(f"{jobs} single jobs, one after the other")
        with _store(stack) as store:
            idle = measure_idle(stack.address, store, stack.redis_url, SPEECH, jobs)
    report = {"machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
              "accept": asdict(accept), "paced": {"asked_per_s": rate, **asdict(paced)}, "celery": asdict(peer),
              "accept_over_celery": round(accept.per_s / peer.per_s, 2), "idle": asdict(idle)}
    _show(report, json)


@contextmanager
def _stack(*, workers: bool) -> "Iterator[Stack]":
    """A ready stack in a folder that is thrown away."""
    from speechmill.cli.signals import terminate_as_interrupt
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.parts import Asked
    from speechmill.cli.stack.redis import free_port
    from speechmill.cli.stack.stack import open_stack

    # One access log line a request is what a server in earnest writes, too.
    with (tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder, terminate_as_interrupt(),
          open_stack(DataFolder(Path(folder)), Asked(free_port(), Voice.TONE, workers)) as stack):
        stack.start()
        stack.wait_ready(lambda: False)
        yield stack


def _publish_model(stack: "Stack") -> None:
    """With no worker to do it, the bench says what can be spoken."""
    from speechmill.catalogue import ModelInfo, VoiceInfo

    model = ModelInfo(id="tone", voices=(VoiceInfo(id="middle", name="Middle"),), default_voice="middle", languages=("en",))
    with _store(stack) as store:
        store.publish(model)


@contextmanager
def _store(stack: "Stack") -> "Iterator[Store]":
    import redis

    from speechmill.store.client import Policy, Store

    with closing(Store(redis.Redis.from_url(stack.redis_url, decode_responses=True), Policy())) as store:
        yield store


def _measure_peer(stack: "Stack", connections: int, seconds: float) -> "Result":
    from speechmill.cli.bench.load import Order
    from speechmill.cli.bench.peer_process import running_peer

    with running_peer(stack) as port:
        return _run_load(Order("127.0.0.1", port, "/jobs", BODY, seconds, connections))


def _run_load(order: "Order") -> "Result":
    from speechmill.cli.bench.load import GRACE_S, Result

    done = subprocess.run([sys.executable, "-P", "-m", "speechmill.cli.bench.load"], input=json_format.dumps(asdict(order)),
                          stdout=subprocess.PIPE, text=True, check=False, timeout=order.seconds + GRACE_S + 30)
    if done.returncode:
        raise Failure(f"the load generator ended with status {done.returncode}.")
    result = Result(**json_format.loads(done.stdout))
    if not result.accepted:
        raise Failure(f"none of {result.refused} requests to {order.path} was accepted.")
    return result


def _show(report: dict[str, Any], as_json: bool) -> None:
    from speechmill.cli.show import show_json, show_table

    if as_json:
        show_json(report)
        return
    names = {"accept": "accepted, all that it can", "paced": f"accepted, paced at {report['paced']['asked_per_s']:g}/s",
             "celery": "Celery apply_async, all that it can"}
    show_table(("", "JOBS/S", "P50 MS", "P99 MS", "MAX MS", "REFUSED", "GENERATOR'S CPU"),
               [(name, *(f"{report[key][field]:g}" for field in ("per_s", "p50_ms", "p99_ms", "max_ms", "refused")),
                 f"{report[key]['cpu_share']:.0%} of a core") for key, name in names.items()])
    idle = report["idle"]
    typer.echo(f"accepted durably over plain Celery: {report['accept_over_celery']:g}")
    typer.echo(f"idle, from acceptance to the first call of the voice: p50 {idle['voice_p50_ms']:g} ms, "
               f"p99 {idle['voice_p99_ms']:g} ms")
    typer.echo(f"idle, from the 202 to the claim: p50 {idle['claimed_p50_ms']:g} ms, p99 {idle['claimed_p99_ms']:g} ms; "
               f"to the finished audio: p50 {idle['completed_p50_ms']:g} ms, p99 {idle['completed_p99_ms']:g} ms")
    typer.echo(f"on {report['machine']['cores']} cores, Python {report['machine']['python']}")


def _tell(what: str) -> None:
    typer.echo(what, err=True)
