"""/healthz: this process lives. /readyz: it can take jobs. /metrics: what Prometheus scrapes."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import desk_of
from producer.engine_metrics import engine_metrics
from producer.openapi import HEALTHZ, METRICS, READYZ
from speechmill.errors import Unavailable
from speechmill.job import Status
from speechmill.store.client import Numbers

router = APIRouter()


@router.get("/healthz", **HEALTHZ)
async def healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


@router.get("/readyz", **READYZ)
async def readyz(request: Request) -> Response:
    """Ready when Redis and storage answer. Workers may be away: jobs are accepted and wait."""
    desk = desk_of(request)
    checks = {"redis": "ok", "storage": "ok"}
    try:
        models = [model.id for model in (await desk.store.catalogue("")).models]
    except Unavailable as error:
        checks["redis"], models = error.message, []
    try:
        await desk.storage.check()
    except Unavailable as error:
        checks["storage"] = error.message
    ready = set(checks.values()) == {"ok"}
    return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks, "models": models},
                        status_code=200 if ready else 503)


@router.get("/metrics", **METRICS)
async def metrics(request: Request) -> Response:
    numbers = await desk_of(request).store.numbers()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(StoreCollector(numbers))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class StoreCollector(Collector):
    """The store's numbers as metrics: the same from every producer, since they are Redis's. Never a job id as a label."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        numbers, stats = self._numbers, self._numbers.stats
        jobs = CounterMetricFamily("speech_jobs", "Jobs by what became of them.", labels=["status"])
        for status in ("accepted", Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED):
            jobs.add_metric([status], stats.get(f"jobs:{status}", 0))
        yield jobs
        for name, text, table in (
                ("speech_queue_depth", "Units waiting.", numbers.depth),
                ("speech_queue_characters", "Characters waiting.", numbers.backlog),
                ("speech_units_leased", "Units being worked on.", numbers.leased),
                ("speech_slots", "Units that ready workers take at once.", numbers.capacity)):
            gauge = GaugeMetricFamily(name, text, labels=["queue"])
            for queue, value in sorted(table.items()):
                gauge.add_metric([queue], value)
            yield gauge
        yield _summary("speech_queue_wait_seconds", "From acceptance to the first claim.", stats, "wait_ms", "jobs_started")
        yield _summary("speech_job_duration_seconds", "From the first claim to the end.", stats, "job_ms", "jobs_run")
        yield CounterMetricFamily("speech_audio_seconds", "Audio of completed jobs.", stats.get("audio_ms", 0) / 1000)
        yield CounterMetricFamily("speech_speaking_seconds", "Time that voices took for it.", stats.get("speak_ms", 0) / 1000)
        yield GaugeMetricFamily("speech_realtime_factor", "Time to speak over duration of the audio, since the beginning.",
                                stats.get("speak_ms", 0) / max(1, stats.get("audio_ms", 0)))
        deliveries = CounterMetricFamily("speech_webhook_deliveries", "Webhook tries.", labels=["outcome"])
        for outcome in ("delivered", "again", "dead"):
            deliveries.add_metric([outcome], stats.get(f"deliveries:{outcome}", 0))
        yield deliveries
        yield GaugeMetricFamily("speech_outbox_events", "Webhook events not delivered yet.", numbers.outbox)
        yield GaugeMetricFamily("speech_workers", "Workers that beat.", numbers.workers)
        yield from engine_metrics(numbers.engines)


def _summary(name: str, text: str, stats: dict[str, int], total_ms: str, count: str) -> Metric:
    return SummaryMetricFamily(name, text, count_value=stats.get(count, 0), sum_value=stats.get(total_ms, 0) / 1000)
