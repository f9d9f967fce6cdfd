"""One attempt to deliver a webhook. Which events are due, and when to try again, is decided elsewhere."""

import base64
import ssl
import time
from contextlib import ExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from socket import gaierror, socket
from urllib.parse import unquote, urlsplit

import certifi
import h11

from speechmill.address import Policy, Target, check_url, resolve
from speechmill.errors import InvalidRequest
from speechmill.lookup import Lookup
from speechmill.settings import BadSettings, WebhookSettings, variable
from speechmill.webhook import signed_headers
from worker.wire import Deadline, dial, exchange

USER_AGENT = f"speechmill/{version('speechmill')}"


@dataclass(frozen=True)
class Delivery:
    """What to post, and where to."""

    url: str
    event_id: str
    body: bytes
    keys: tuple[bytes, ...]  # each signs; see speechmill.webhook.parse_secret
    at_s: int                # Unix seconds of this attempt


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. `error` is for people, whoever gave the URL included; empty when the event was taken."""

    duration_ms: int
    status: int | None = None        # None: no answer came
    error: str = ""
    retry_after_s: int | None = None
    ours: bool = False               # it failed on our side of the wire, and says nothing of the receiver

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def disable(self) -> bool:
        """The receiver wants no events any more (410 Gone)."""
        return self.status == 410


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy: CONNECT for https (RFC 9110 §9.3.6), the whole URL in the request line for http (RFC 9112 §3.2.2)."""

    host: str
    port: int
    credentials: str  # of the Basic scheme, or empty

    @classmethod
    def parse(cls, url: str) -> "Proxy | None":
        """None for an empty `url`. Raises BadSettings when it is not http://[user:password@]host:port."""
        if not url:
            return None
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = None
        if parts.scheme != "http" or not parts.hostname or not port or parts.path.strip("/") or parts.query:
            raise BadSettings(f"{variable(('webhooks', 'egress_proxy'))} must be http://[user:password@]host:port.")
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
        return cls(parts.hostname, port, base64.b64encode(login.encode()).decode())

    @property
    def headers(self) -> dict[str, str]:
        return {"Proxy-Authorization": f"Basic {self.credentials}"} if self.credentials else {}


class Courier:
    """Posts events. Holds nothing of a delivery: threads can share one.

    `trust` says whose certificates count; see `usual_trust`.
    """

    def __init__(self, settings: WebhookSettings, lookup: Lookup, trust: ssl.SSLContext) -> None:
        self._policy = Policy.of(settings)
        self._proxy = Proxy.parse(settings.egress_proxy)
        self._timeout_s = settings.timeout_s
        self._lookup = lookup
        self._trust = trust

    def post(self, delivery: Delivery) -> Outcome:
        """One attempt, at most `timeout_s` long. Raises nothing that a URL, a name server or a receiver can cause."""
        started = time.monotonic()
        status, retry_after_s, ours = None, None, False
        try:
            response = self._attempt(delivery, Deadline(started + self._timeout_s))
            status = response.status_code
            retry_after_s = _retry_after_s(response, delivery.at_s)
            error = _complaint(status)
        except (InvalidRequest, OSError, h11.RemoteProtocolError) as problem:
            error, ours = self._explain(problem), isinstance(problem, ProxyAway)
        return Outcome(round((time.monotonic() - started) * 1000), status, error, retry_after_s, ours)

    def _attempt(self, delivery: Delivery, deadline: Deadline) -> h11.Response:
        target = check_url(delivery.url, self._policy)
        with ExitStack() as stack:
            sock = stack.enter_context(self._connect(target, deadline))
            if target.scheme == "https":
                if self._proxy:
                    _tunnel(sock, self._proxy, target, deadline)
                sock.settimeout(deadline.left_s())
                # The certificate must be the host's, whatever address was dialled.
                sock = stack.enter_context(self._trust.wrap_socket(sock, server_hostname=target.host))
            return exchange(sock, self._request(target, delivery), delivery.body, deadline)

    def _connect(self, target: Target, deadline: Deadline) -> socket:
        if self._proxy:
            try:
                addresses = self._lookup.start(self._proxy.host, self._proxy.port).result(deadline.left_s())
                return dial(addresses, self._proxy.port, deadline)
            except OSError as problem:
                raise ProxyAway("The egress proxy cannot be reached.") from problem
        return dial(resolve(target, self._policy, self._lookup, deadline.left_s()), target.port, deadline)

    def _request(self, target: Target, delivery: Delivery) -> h11.Request:
        headers = {"Host": target.authority, "User-Agent": USER_AGENT, "Content-Type": "application/json",
                   "Content-Length": str(len(delivery.body)), "Connection": "close",
                   **signed_headers(delivery.event_id, delivery.at_s, delivery.body, delivery.keys)}
        path = target.path
        if self._proxy and target.scheme == "http":
            headers |= self._proxy.headers
            path = f"http://{target.authority}{path}"
        return h11.Request(method="POST", target=path, headers=list(headers.items()))

    def _explain(self, problem: Exception) -> str:
        match problem:
            case InvalidRequest():
                return problem.message
            case h11.RemoteProtocolError():
                return "The answer was not HTTP/1.1, or its headers were too long."
            case ssl.SSLCertVerificationError():
                return f"The certificate was refused: {problem.verify_message}."
            case ssl.SSLError():
                return f"No TLS connection could be made: {problem.reason or 'the receiver closed it'}."
            case ProxyFailed():
                return str(problem)
            case TimeoutError():
                return f"There was no whole answer within {self._timeout_s:g} s."
            case gaierror():
                return "The host name does not resolve."
            case OSError():
                return f"The connection failed: {problem.strerror or 'it was closed'}."
        raise AssertionError(problem)


class ProxyFailed(OSError):
    """The egress proxy would not connect us."""


class ProxyAway(ProxyFailed):
    """Nobody could ask it."""


def usual_trust() -> ssl.SSLContext:
    """The authorities that the system trusts (or SSL_CERT_FILE and SSL_CERT_DIR name), for a company's own are among them,
    and certifi's, for a bare machine has none."""
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    return trust


def _tunnel(sock: socket, proxy: Proxy, target: Target, deadline: Deadline) -> None:
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = f"{host}:{target.port}"
    headers = {"Host": place, "User-Agent": USER_AGENT, **proxy.headers}
    answer = exchange(sock, h11.Request(method="CONNECT", target=place, headers=list(headers.items())), b"", deadline)
    if not 200 <= answer.status_code < 300:
        raise ProxyFailed(f"The egress proxy answered {answer.status_code}.")


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The receiver answered {status}; redirects are not followed, so give the address they lead to."
    return f"The receiver answered {status}; only 2xx counts as delivered."


def _retry_after_s(response: h11.Response, now_s: int) -> int | None:
    """Retry-After in seconds (RFC 9110 §10.2.3: seconds or a date), None when there is none that can be read."""
    said = next((value.decode("latin-1") for name, value in response.headers if name == b"retry-after"), "")
    if said.isascii() and said.isdigit():
        return int(said[:9])
    try:
        return max(0, int(parsedate_to_datetime(said).timestamp()) - now_s)
    except (ValueError, OverflowError):
        return None
