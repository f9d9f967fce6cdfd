"""The producer as an ASGI application: what it opens when it starts, its routes, and what it closes in the end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from producer import problems
from producer.auth import Guard
from producer.desk import Desk
from producer.doorbell import Doorbell
from producer.feed import Feed
from producer.gate import Gate
from producer.metrics.own import OwnMetrics
from producer.middleware import RequestId, Watched
from producer.open_requests import OpenRequests
from producer.openapi_document import describe
from producer.routers import ROUTERS
from producer.storage import Storage
from producer.streams.listening import Listening
from speechmill.blobs.choose import open_blobs
from speechmill.blobs.counted import CountedBlobs
from speechmill.errors import StoreUnavailable
from speechmill.log import set_up_logging
from speechmill.settings import Settings, load_settings
from speechmill.store import verbs
from speechmill.store.client import AsyncStore
from speechmill.tasks import celery_app
from speechmill.trace.choose import open_tracer

log = logging.getLogger(__name__)

EXPOSED = ["x-request-id", "x-speech-job-id", "Location", "Retry-After", "ETag", "Preference-Applied", "Idempotent-Replayed",
           "openai-poll-after-ms", "Content-Disposition", "Content-Range", "WWW-Authenticate",
           *(f"x-ratelimit-{part}-{what}" for part in ("limit", "remaining", "reset") for what in ("requests", "tokens"))]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Settings come from the environment unless given. Raises BadSettings."""
    settings = settings or load_settings()
    set_up_logging(settings.log)
    own_metrics = OwnMetrics()
    tracer = open_tracer("producer")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        blobs = CountedBlobs(open_blobs(settings), own_metrics.storage_failed)
        desk = Desk(settings, AsyncStore.open(settings), Storage(blobs), Feed(settings), Listening(settings),
                    Doorbell(celery_app(settings.redis.url)), tracer)
        app.state.desk = desk
        app.state.guard = Guard(settings, desk.store)
        app.state.own_metrics = own_metrics
        desk.feed.start()
        desk.listening.start()
        desk.doorbell.start()
        sweeping = asyncio.create_task(_sweep_forever(desk), name="sweeper")
        yield
        for task in (sweeping, *desk.background):
            task.cancel()
        await asyncio.gather(sweeping, *desk.background, return_exceptions=True)
        await desk.listening.close()
        await desk.feed.close()
        await desk.store.close()
        desk.storage.close()
        await asyncio.to_thread(desk.doorbell.close)
        await asyncio.to_thread(tracer.close)

    app = FastAPI(title="speechmill", version=version("speechmill"), lifespan=lifespan, docs_url="/docs", redoc_url=None)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Gate, metrics_need_key=settings.producer.metrics_need_key,
                       open_requests=OpenRequests(settings.limits.open_requests))
    describe(app, metrics_need_key=settings.producer.metrics_need_key)
    app.add_middleware(Watched, count=own_metrics.answered, tracer=tracer)
    app.add_middleware(RequestId)
    if settings.producer.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(settings.producer.cors_origins), allow_methods=["*"],
                           allow_headers=["*"], expose_headers=EXPOSED, max_age=600)
    return app


async def _sweep_forever(desk: Desk) -> None:
    """Deadlines must pass with no worker alive, too."""
    pause_s = desk.settings.worker.sweep_s
    while True:
        await asyncio.sleep(pause_s)
        try:
            swept = await desk.store.run(verbs.sweep(round(pause_s * 900)))
            if swept:
                desk.doorbell.ring(swept.bells)
        except StoreUnavailable:
            pass  # whoever asks is told so
        except Exception:
            log.exception("sweep failed")
