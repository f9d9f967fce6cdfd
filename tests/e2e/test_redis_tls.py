"""Redis over TLS, with a client's certificate and a user who may touch our keys alone: the whole system works through it."""

import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import kombu
import pytest
import redis
import trustme

from speechmill.tasks import KEY_PREFIX, celery_app
from tests.contract.webhook_receiver import receiver
from tests.e2e.stack import Stack, running_stack
from tests.services.tls_redis import PASSWORD, RULES, TlsRedis, running_tls_redis

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Mill:
    """A system whose programs have their Redis by TLS. Beside it runs an open one, which nobody may use."""

    stack: Stack
    redis: TlsRedis


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    folder = tmp_path_factory.mktemp("tls")
    with running_tls_redis(folder) as server, running_stack(folder / "stack", REDIS__URL=server.url,
                                                            WEBHOOKS__DELAYS_S="0") as stack:
        yield Mill(stack, server)


def test_a_job_a_book_and_a_webhook_go_through(mill: Mill) -> None:
    with receiver() as hook:
        job = mill.stack.create("A long text is planned, spoken and joined. " * 20, webhook={
            "url": f"http://127.0.0.1:{hook.port}/hook", "events": ["speech.job.completed"]})
        with mill.stack.http as http:
            spoken = http.post("/v1/audio/speech", json={"input": "At once."})
            book = http.post("/v1/audio/books", json={"title": "B", "input": "# One\n\nA chapter.", "formats": ["mp3"]}).json()
            assert http.get("/readyz").status_code == 200
            assert http.get(f"/v1/audio/books/{book['id']}", headers={"Prefer": "wait=60"}).json()["status"] == "completed"
        assert spoken.status_code == 200, spoken.text
        assert mill.stack.wait(job["id"])["status"] == "completed"
        deadline = time.monotonic() + 60
        while not hook.requests:
            assert time.monotonic() < deadline, mill.stack.logs()
            time.sleep(0.05)


def test_bells_and_stops_come_by_celery_and_pubsub_and_nothing_was_denied(mill: Mill) -> None:
    """A cancelled job frees its slot at once: the word travels by a channel."""
    job = mill.stack.create(" ".join(f"Sentence {n} of what nobody has spoken, and what is cancelled." for n in range(5000)))
    with mill.stack.http as http:
        assert http.post(f"/v1/audio/speech/jobs/{job['id']}/cancel").status_code == 200
    assert mill.stack.wait(job["id"])["status"] == "cancelled"
    with mill.redis.watcher() as client:
        denied = [(entry["reason"], entry["object"], entry["count"]) for entry in client.acl_log()]
        assert denied == []
        assert all(key.startswith(KEY_PREFIX) for key in client.scan_iter("*"))
        assert client.exists(f"{KEY_PREFIX}celery:_kombu.binding.cpu:batch")
    with mill.stack.redis.client() as unused:
        assert unused.dbsize() == 0


def test_the_user_may_not_touch_other_keys_nor_rule_the_server(mill: Mill) -> None:
    with closing(redis.Redis.from_url(mill.redis.url)) as client:
        for command in (("GET", "another"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("ACL", "LIST"), ("SHUTDOWN",),
                        ("PUBLISH", "another", "word"), ("EVAL", "return redis.call('GET', 'another')", "0")):
            with pytest.raises(redis.exceptions.RedisError, match=r"(?i)permission|can't access"):
                client.execute_command(*command)  # type: ignore[no-untyped-call]
    with mill.redis.watcher() as watcher:
        watcher.acl_log_reset()


def test_the_documented_rights_are_the_ones_that_do() -> None:
    page = (Path(__file__).parents[2] / "docs/security.md").read_text("utf-8")
    assert " ".join(RULES) in page


def test_no_part_says_the_password_in_its_log(mill: Mill) -> None:
    for name in mill.stack.programs:
        log = (mill.stack.folder / f"{name}.log").read_text()
        assert PASSWORD not in log
        assert PASSWORD.replace(" ", "%20") not in log


def test_without_a_clients_certificate_nobody_gets_in(mill: Mill) -> None:
    url = mill.redis.url.partition("&ssl_certfile")[0]
    with closing(redis.Redis.from_url(url)) as client, pytest.raises(redis.exceptions.ConnectionError):
        client.ping()


def test_celery_believes_no_server_whose_certificate_is_of_a_strange_authority(mill: Mill, tmp_path: Path) -> None:
    """Also where the URL names no authority: kombu by itself would then believe any."""
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    for options in ("", f"?ssl_ca_certs={stranger}"):
        app = celery_app(f"rediss://127.0.0.1:{mill.redis.port}/0{options}")
        with app, app.connection_for_write(transport_options={"socket_timeout": 5}) as connection, \
                pytest.raises(kombu.exceptions.OperationalError, match="certificate verify failed"):
            connection.ensure_connection(max_retries=1, timeout=5)


def test_celery_asks_for_certificates_whenever_the_url_is_tls() -> None:
    with celery_app("rediss://redis.example/0") as app:
        assert app.conf.broker_use_ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    with celery_app("redis://redis.example/0") as app:
        assert app.conf.broker_use_ssl is False
