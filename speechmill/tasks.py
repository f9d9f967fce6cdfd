"""Celery's part: names of queues and tasks, and the settings that survive what Redis and workers go through.

Celery is the doorbell. A message names only the queue it rings for; which unit is worked on is decided by CLAIM, so a lost
or doubled message is harmless. `docs/architecture.md` says why.
"""

import ssl
from dataclasses import dataclass
from typing import Any

from celery import Celery

from speechmill.job import JobClass

KEY_PREFIX = "{speechmill}:"
"""Every key of ours in Redis, Celery's included, starts with it. The braces keep all keys in one cluster slot."""
CELERY_PREFIX = KEY_PREFIX + "celery:"

WORK = "speechmill.work"
DELIVER = "speechmill.deliver"
DELIVERY_QUEUE = "deliver"


@dataclass(frozen=True)
class Queue:
    """Who a unit waits for: workers of a role, for speech those that have the model, and its class."""

    role: str                # "speech" or "cpu"
    klass: JobClass
    model: str = ""          # of the speech role only

    @property
    def name(self) -> str:
        """`speech:espeak:batch`, `cpu:interactive`: in Redis, in Celery and in metrics alike."""
        return ":".join(part for part in (self.role, self.model, self.klass.value) if part)

    @classmethod
    def parse(cls, name: str) -> "Queue":
        role, *model, klass = name.split(":")
        return cls(role, JobClass(klass), ":".join(model))


def celery_app(redis_url: str) -> Celery:
    """A Celery application for producer and worker alike. Nothing here may be loosened without the chaos test."""
    app = Celery("speechmill", broker=redis_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        # There are no results, and so nothing that threads could disturb. Else each thread would look for the backend among all
        # installed packages: ten milliseconds of Python, and 2.4 s before the last of 256 has given its unit back.
        result_backend_thread_safe=True,
        task_acks_late=False,                     # the job's record, not the message, is what must survive
        task_serializer="json",
        accept_content=["json"],
        worker_disable_prefetch=True,
        worker_pool="threads",
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=True,
        broker_channel_error_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport_options(),
        broker_use_ssl=_tls(redis_url),
        task_publish_retry=False,                 # a lost doorbell is rung again by the sweep
    )
    return app


def _tls(redis_url: str) -> dict[str, Any] | bool:
    # kombu reads the URL's own ssl_ options. Of one that has none it would believe any certificate.
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if redis_url.startswith("rediss:") else False


def transport_options() -> dict[str, Any]:
    # A worker waits for bells without sending anything: were the host of Redis to lose its power, it would notice nothing. With
    # this, a wait that is overdue by so many seconds is given up (kombu, maybe_check_brpop_health), and the worker connects anew.
    return {"socket_timeout": 10, "socket_connect_timeout": 3, "socket_keepalive": True, "health_check_interval": 5,
            "global_keyprefix": CELERY_PREFIX}


def ring(app: Celery, queue: str, times: int) -> None:
    """Send `times` doorbells to `queue`. Raises kombu's OperationalError when Redis is away."""
    task = DELIVER if queue == DELIVERY_QUEUE else WORK
    for _ in range(times):
        app.send_task(task, args=(queue,), queue=queue, ignore_result=True)
