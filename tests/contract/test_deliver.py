"""One webhook attempt against real servers on loopback, over HTTP, HTTPS and an egress proxy."""

import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from typing import Any

import h11
import pytest
import trustme
from pydantic import SecretStr
from standardwebhooks import Webhook

from speechmill.lookup import Lookup
from speechmill.settings import BadSettings, WebhookSettings
from speechmill.webhook import new_secret, parse_secret
from tests.contract.webhook_receiver import HOST, OK, certificate, receiver, relay_to, trusting
from worker.deliver import Courier, Delivery, Outcome, usual_trust
from worker.wire import Deadline, exchange

AT_S = 1_700_000_000
BODY = json.dumps({"id": "evt_1", "text": "ö" * 100}, ensure_ascii=False).encode()
SECRET = new_secret()
def names(*answers: str) -> Lookup:
    """A name server for which every name has one address: each of `answers` in turn, then the last again and again."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, Any, Any, str, tuple[Any, ...]]]:
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
    return Lookup(getaddrinfo)


def courier(timeout_s: float = 15, lookup: Lookup | None = None, listed: tuple[str, ...] = ("127.0.0.0/8",),
            proxy: str = "") -> Courier:
    settings = WebhookSettings(timeout_s=timeout_s, allow_cidrs=listed, egress_proxy=proxy, secret=SecretStr(SECRET))
    return Courier(settings, lookup or names("127.0.0.1"), trusting())


def post(url: str, by: Courier | None = None) -> Outcome:
    return (by or courier()).post(Delivery(url, "evt_1", BODY, (parse_secret(SECRET),), AT_S))


# What arrives

def test_the_receiver_gets_the_event_signed() -> None:
    with receiver() as server:
        outcome = post(f"http://127.0.0.1:{server.port}/hook?a=1")
    assert outcome.ok
    assert (outcome.status, outcome.error, outcome.disable, outcome.retry_after_s) == (200, "", False, None)
    assert 0 <= outcome.duration_ms < 5000
    assert server.first_line == "POST /hook?a=1 HTTP/1.1"
    assert server.body == BODY
    headers = server.headers
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("speechmill/")
    assert headers["webhook-id"] == "evt_1"
    assert headers["webhook-timestamp"] == str(AT_S)


def test_a_receiver_can_verify_what_it_got() -> None:
    now = Delivery("", "evt_1", BODY, (parse_secret(SECRET),), int(time.time()))
    with receiver() as server:
        courier().post(Delivery(f"http://127.0.0.1:{server.port}/", now.event_id, now.body, now.keys, now.at_s))
    assert Webhook(SECRET).verify(server.body, server.headers)["id"] == "evt_1"


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nless than it said",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
], ids=["204", "chunked", "HTTP/1.0", "interim answers", "short body", "broken body"])
def test_a_2xx_however_it_is_put_means_delivered(answer: bytes) -> None:
    with receiver(answer) as server:
        assert post(f"http://127.0.0.1:{server.port}/").ok


# Answers that are not success

@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_fails_and_nobody_goes_there(status: int) -> None:
    with receiver() as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.port}/"
        with receiver(f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()) as server:
            outcome = post(f"http://127.0.0.1:{server.port}/")
    assert (outcome.ok, outcome.status) == (False, status)
    assert "redirects are not followed" in outcome.error
    assert server.n_connections == 1
    assert elsewhere.n_connections == 0


@pytest.mark.parametrize(("status", "disable"), [(400, False), (404, False), (410, True), (429, False), (500, False),
                                                 (599, False)])
def test_only_410_asks_for_no_more_events(status: int, disable: bool) -> None:
    with receiver(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/")
    assert (outcome.ok, outcome.status, outcome.disable) == (False, status, disable)
    assert str(status) in outcome.error


@pytest.mark.parametrize(("said", "retry_after_s"), [
    ("120", 120), ("0", 0), ("99999999999999999999", 999_999_999), (formatdate(AT_S + 90, usegmt=True), 90),
    (formatdate(AT_S - 90, usegmt=True), 0), ("soon", None), ("-5", None), ("1.5", None), ("", None),
])
def test_retry_after_is_read_as_seconds_or_as_a_date(said: str, retry_after_s: int | None) -> None:
    with receiver(f"HTTP/1.1 503 X\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode()) as server:
        assert post(f"http://127.0.0.1:{server.port}/").retry_after_s == retry_after_s


@pytest.mark.parametrize(("answer", "wanted"), [
    (b"", "closed before an answer came"),
    (b"HTTP/1.1 200", "closed before an answer came"),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n", "closed before an answer came"),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP/1.1"),
    (b"+OK redis\r\n\r\n", "not HTTP/1.1"),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "not HTTP/1.1"),
])
def test_what_is_no_http_answer_fails(answer: bytes, wanted: str) -> None:
    with receiver(answer) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/")
    assert (outcome.ok, outcome.status) == (False, None)
    assert wanted in outcome.error


def test_a_refused_connection_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    outcome = post(f"http://127.0.0.1:{port}/")
    assert (outcome.ok, outcome.status, outcome.error) == (False, None, "The connection failed: Connection refused.")


def test_a_name_that_does_not_resolve_fails() -> None:
    outcome = post("https://no-such-host.invalid/", courier(lookup=Lookup(nothing_found)))
    assert (outcome.status, outcome.error) == (None, "The host name does not resolve.")


def nothing_found(*_: Any, **__: Any) -> list[tuple[Any, Any, Any, str, tuple[Any, ...]]]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


# Bounds

def drip(conn: socket.socket, head: bytes = b"HTTP/1.1 200 OK\r\nX-Slow: ") -> None:
    conn.sendall(head)
    while True:
        conn.sendall(b"x")
        time.sleep(0.05)


def test_a_server_that_drips_its_headers_cannot_exceed_the_time_limit() -> None:
    with receiver(drip) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/", courier(timeout_s=0.5))
    assert (outcome.ok, outcome.error) == (False, "There was no whole answer within 0.5 s.")
    assert 450 <= outcome.duration_ms < 8000


def test_a_server_that_drips_its_body_has_answered_and_cannot_exceed_the_time_limit() -> None:
    with receiver(lambda conn: drip(conn, b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/", courier(timeout_s=2))  # its status must come in time
    assert outcome.ok
    assert outcome.duration_ms < 10_000


def stay_silent(conn: socket.socket) -> None:
    conn.recv(1)   # until the courier has gone


def test_a_server_that_never_answers_cannot_exceed_the_time_limit() -> None:
    with receiver(stay_silent) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/", courier(timeout_s=0.3))
    assert (outcome.ok, outcome.status) == (False, None)
    assert 250 <= outcome.duration_ms < 8000


def test_a_server_that_drips_its_tls_handshake_cannot_exceed_the_time_limit() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        conn, _ = listener.accept()
        with conn, suppress(OSError):
            drip(conn, b"\x16\x03\x03\x3f\x00\x02")  # the header of a TLS record of 16 KB
    thread = threading.Thread(target=trickle)
    thread.start()
    with listener:
        outcome = post(f"https://{HOST}:{listener.getsockname()[1]}/", courier(timeout_s=0.5))
        thread.join(10)
    assert outcome.error == "There was no whole answer within 0.5 s."
    assert outcome.duration_ms < 5000


def test_a_slow_name_server_cannot_exceed_the_time_limit() -> None:
    let_go = threading.Event()

    def stuck(*_: Any, **__: Any) -> list[tuple[Any, Any, Any, str, tuple[Any, ...]]]:
        let_go.wait(10)
        return []
    outcome = post(f"https://{HOST}/", courier(timeout_s=0.3, lookup=Lookup(stuck)))
    let_go.set()
    assert not outcome.ok
    assert outcome.duration_ms < 5000


class Pushed:
    """Answers without end, and counts what went out before the other side hung up."""

    def __init__(self, head: bytes, again: bytes) -> None:
        self.head, self.again, self.n_bytes = head, again, 0

    def __call__(self, conn: socket.socket) -> None:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        conn.sendall(self.head)
        while True:
            self.n_bytes += conn.send(self.again)


def test_of_a_body_without_end_only_the_beginning_is_read() -> None:
    pushed = Pushed(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1024)
    with receiver(pushed) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/")
    assert outcome.ok
    assert outcome.duration_ms < 10_000
    assert pushed.n_bytes < 8_000_000   # what the kernel took; we took 4 KB


class CountingSocket(socket.socket):
    n_received = 0

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        chunk = super().recv(bufsize, flags)
        self.n_received += len(chunk)
        return chunk


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 5000 + b"\r\n\r\n"])
def test_exactly_4_kb_of_a_long_body_are_read(head: bytes) -> None:
    ours, theirs = socket.socketpair()
    with CountingSocket(fileno=ours.detach()) as counting, theirs:
        theirs.sendall(head + b"x" * 50_000)
        request = h11.Request(method="POST", target="/", headers=[("Host", "a.example"), ("Content-Length", "2")])
        assert exchange(counting, request, b"{}", Deadline(time.monotonic() + 5)).status_code == 200
    assert counting.n_received == len(head) + 4096


@pytest.mark.parametrize("pushed", [Pushed(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1024),
                                    Pushed(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")], ids=["one header", "interim answers"])
def test_headers_without_end_fail_at_once(pushed: Pushed) -> None:
    with receiver(pushed) as server:
        outcome = post(f"http://127.0.0.1:{server.port}/")
    assert not outcome.ok
    assert "headers were too long" in outcome.error
    assert outcome.duration_ms < 10_000


# TLS

def test_https_is_verified_against_the_name_while_the_checked_address_is_dialled() -> None:
    with receiver(OK, certificate(HOST)) as server:
        outcome = post(f"https://{HOST}:{server.port}/hook")
    assert outcome.ok, outcome
    assert server.asked_for == [HOST]
    assert server.headers["Host"] == f"{HOST}:{server.port}"


def test_a_certificate_for_an_address_counts_for_that_address() -> None:
    with receiver(OK, certificate("127.0.0.1")) as server:
        assert post(f"https://127.0.0.1:{server.port}/").ok


@pytest.mark.parametrize(("context", "wanted"), [
    (certificate("other.example.com"), "Hostname mismatch"),
    (certificate("127.0.0.1"), "Hostname mismatch"),       # good for the address, but the URL has a name
    (certificate(HOST, authority=trustme.CA()), "unable to get local issuer"),
], ids=["another name", "the address", "unknown authority"])
def test_a_bad_certificate_is_refused_before_anything_is_sent(context: ssl.SSLContext, wanted: str) -> None:
    with receiver(OK, context) as server:
        outcome = post(f"https://{HOST}:{server.port}/")
    assert (outcome.ok, outcome.status) == (False, None)
    assert outcome.error.startswith("The certificate was refused")
    assert wanted in outcome.error
    assert server.requests == []


def test_the_usual_trust_refuses_an_unknown_authority_and_checks_names() -> None:
    trust = usual_trust()
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname
    assert len(trust.get_ca_certs()) > 50
    by = Courier(WebhookSettings(allow_cidrs=("127.0.0.0/8",)), names("127.0.0.1"), trust)
    with receiver(OK, certificate(HOST)) as server:
        assert "certificate was refused" in post(f"https://{HOST}:{server.port}/", by).error


def test_a_server_without_tls_fails() -> None:
    with receiver(OK) as server:
        outcome = post(f"https://{HOST}:{server.port}/", courier(timeout_s=1))
    assert not outcome.ok
    assert outcome.status is None


# Addresses

class Dialled:
    """Every connection that this process tries to make, seen by the interpreter's audit; none of them leaves the machine."""

    def __init__(self) -> None:
        self.addresses: list[tuple[str, int]] | None = None
        sys.addaudithook(self.hook)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.addresses is not None and event == "socket.connect":
            self.addresses.append(args[1][:2])
            if not args[1][0].startswith("127."):
                raise ConnectionRefusedError(111, "refused by the test")

    @contextmanager
    def watch(self) -> Iterator[list[tuple[str, int]]]:
        self.addresses = []
        try:
            yield self.addresses
        finally:
            self.addresses = None


DIALLED = Dialled()   # an audit hook cannot be taken out again, so there is one, and it sleeps between tests


def test_a_name_that_turns_to_loopback_after_the_check_is_still_dialled_where_it_was_checked() -> None:
    with DIALLED.watch() as dialled:
        outcome = post(f"https://{HOST}/", courier(lookup=names("8.8.8.8", "127.0.0.1"), listed=()))
    assert dialled == [("8.8.8.8", 443)]
    assert not outcome.ok


def test_a_name_that_turned_to_loopback_before_the_attempt_is_not_dialled() -> None:
    by = courier(lookup=names("8.8.8.8", "127.0.0.1"), listed=())
    with DIALLED.watch() as dialled:
        post(f"https://{HOST}/", by)
        outcome = post(f"https://{HOST}/", by)
    assert dialled == [("8.8.8.8", 443)]
    assert "must lead to public addresses" in outcome.error


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://127.0.0.1/",
                                 "https://[::1]/", "http://169.254.169.254/latest/meta-data/", "https://2130706433/"])
def test_nothing_inside_is_dialled_by_default(url: str) -> None:
    with receiver() as server, DIALLED.watch() as dialled:
        outcome = post(url.format(port=server.port), courier(listed=()))
    assert (outcome.ok, outcome.status) == (False, None)
    assert outcome.error.startswith("webhook.url ")
    assert dialled == []
    assert server.n_connections == 0


def test_the_next_address_is_tried_where_one_is_dead() -> None:
    def two(_host: str, port: int, **_: Any) -> list[tuple[Any, Any, Any, str, tuple[Any, ...]]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("8.8.8.8", "127.0.0.1")]
    with receiver(OK, certificate(HOST)) as server, DIALLED.watch() as dialled:
        by = courier(lookup=Lookup(two), listed=("127.0.0.0/8", "8.8.8.8/32"))
        assert post(f"https://{HOST}:{server.port}/", by).ok
    assert [address for address, _ in dialled] == ["8.8.8.8", "127.0.0.1"]


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with receiver() as server:
        assert post(f"http://127.0.0.1:{server.port}/").ok


def test_threads_can_share_a_courier() -> None:
    by, outcomes = courier(), []
    with receiver(OK, certificate(HOST)) as server:
        url = f"https://{HOST}:{server.port}/"
        threads = [threading.Thread(target=lambda: outcomes.append(post(url, by))) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [outcome.ok for outcome in outcomes] == [True] * 16
    assert len(server.requests) == 16


# Through an egress proxy

def test_a_proxy_is_asked_to_connect_by_name_and_sees_nothing_of_the_event() -> None:
    with receiver(OK, certificate(HOST)) as server, receiver(relay_to(server.port)) as proxy:
        by = courier(proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}", lookup=Lookup())
        outcome = post(f"https://{HOST}:8443/hook", by)
    assert outcome.ok, outcome
    assert proxy.first_line == f"CONNECT {HOST}:8443 HTTP/1.1"
    assert proxy.headers["Proxy-Authorization"] == "Basic dXNlcjpwQHNz"
    assert proxy.body == b""
    assert server.asked_for == [HOST]
    assert server.headers["Host"] == f"{HOST}:8443"
    assert "Proxy-Authorization" not in server.headers
    assert server.body == BODY


def test_a_bad_certificate_is_refused_through_a_proxy_too() -> None:
    with receiver(OK, certificate("other.example.com")) as server, receiver(relay_to(server.port)) as proxy:
        outcome = post(f"https://{HOST}/", courier(proxy=f"http://127.0.0.1:{proxy.port}", lookup=Lookup()))
    assert "certificate was refused" in outcome.error
    assert server.requests == []


def test_a_listed_address_over_http_is_posted_to_the_proxy_with_its_whole_url() -> None:
    with receiver() as proxy:
        assert post("http://127.0.0.1:5000/hook", courier(proxy=f"http://127.0.0.1:{proxy.port}", lookup=Lookup())).ok
    assert proxy.first_line == "POST http://127.0.0.1:5000/hook HTTP/1.1"
    assert proxy.headers["Host"] == "127.0.0.1:5000"


def test_a_proxy_that_will_not_connect_is_named_as_the_cause() -> None:
    with receiver(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as proxy:
        outcome = post(f"https://{HOST}/", courier(proxy=f"http://127.0.0.1:{proxy.port}", lookup=Lookup()))
    assert (outcome.ok, outcome.status, outcome.error) == (False, None, "The egress proxy answered 403.")


def test_a_proxy_that_is_away_is_named_as_the_cause() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    outcome = post(f"https://{HOST}/", courier(proxy=f"http://127.0.0.1:{port}", lookup=Lookup()))
    assert outcome.error == "The egress proxy cannot be reached."


@pytest.mark.parametrize("url", ["proxy:3128", "https://proxy:3128", "socks5://proxy:1080", "http://proxy", "http://:3128",
                                 "http://proxy:99999", "http://proxy:3128/path"])
def test_a_proxy_setting_that_cannot_be_used_stops_the_start(url: str) -> None:
    with pytest.raises(BadSettings, match="SPEECHMILL_WEBHOOKS__EGRESS_PROXY must be http://"):
        courier(proxy=url)
