"""`speechmill bench clients`: thousands of clients that follow events and long-poll, and whether anybody else notices."""

import json as json_format
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmill.cli.options import Json
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.stack.stack import Stack

BODY = json_format.dumps({"input": "Seven words make a sentence of speech.", "model": "tone"})


def clients(
    clients: Annotated[int, typer.Option(min=2, max=20_000, help="Clients at once: half follow events, half long-poll.")] = 2000,
    rate: Annotated[float, typer.Option(min=1, max=500, help="New jobs a second, with and without them.")] = 30,
    seconds: Annotated[float, typer.Option(min=1, max=300, help="How long jobs are submitted.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="How often they all come and go.")] = 2,
    json: Json = False,
) -> None:
    """Measure what waiting clients cost the producer: memory of each, what is left when they go, and the time of a new submit."""
    from speechmill.cli.bench.clients.measure import Plan, measure_clients
    from speechmill.cli.doctor.needs import require

    require(Voice.TONE)
    with _stack() as stack:
        typer.echo(f"{clients} clients, {rounds} times, and {rate:g} new jobs/s beside them", err=True)
        producer = next(part for part in stack.parts if part.program.name == "producer")
        measured = measure_clients(stack.address, producer.pid, BODY, Plan(clients, rounds, rate, seconds))
    _show({"machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_average": os.getloadavg()[0]},
           "clients": clients, "submits_per_s": rate, **asdict(measured)}, json)


@contextmanager
def _stack() -> "Iterator[Stack]":
    """A ready stack without workers, in a folder that is thrown away. It knows a model, so that it accepts jobs."""
    import redis

    from speechmill.catalogue import ModelInfo, VoiceInfo
    from speechmill.cli.signals import terminate_as_interrupt
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.parts import Asked
    from speechmill.cli.stack.redis import free_port
    from speechmill.cli.stack.stack import open_stack
    from speechmill.store.client import Policy, Store

    model = ModelInfo(id="tone", voices=(VoiceInfo(id="middle", name="Middle"),), default_voice="middle", languages=("en",))
    with (tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder, terminate_as_interrupt(),
          open_stack(DataFolder(Path(folder)), Asked(free_port(), Voice.TONE, False)) as stack):
        stack.start()
        stack.wait_ready(lambda: False)
        with closing(Store(redis.Redis.from_url(stack.redis_url, decode_responses=True), Policy())) as store:
            store.publish(model)
        yield stack


def _show(report: dict[str, Any], as_json: bool) -> None:
    from speechmill.cli.show import show_json, show_table

    if as_json:
        show_json(report)
        return
    runs = [("nobody else", report["alone"]),
            *((f"{report['clients']} clients, round {n}", each["submits"]) for n, each in enumerate(report["rounds"], 1))]
    fields = ("accepted", "refused", "p50_ms", "p99_ms", "max_ms")
    show_table(("A NEW SUBMIT BESIDE", "ACCEPTED", "REFUSED", "P50 MS", "P99 MS", "MAX MS"),
               [(name, *(f"{run[field]:g}" for field in fields)) for name, run in runs])
    for n, each in enumerate(report["rounds"], 1):
        typer.echo(f"round {n}: {each['bytes_a_client'] / 1024:.1f} KiB a client, {each['cpu_share']:.0%} of a core; "
                   f"{each['stay']['broken']} connections broke; {each['settled_s']:.1f} s after they left: "
                   f"{each['left_files']} files and {each['left_bytes'] / 2**20:.1f} MiB more than before they came")
    typer.echo(f"on {report['machine']['cores']} cores, Python {report['machine']['python']}, "
               f"load average {report['machine']['load_average']:.1f}")
