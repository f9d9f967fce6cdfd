"""A collector of traces: takes OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp) and keeps what it got."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


@dataclass(frozen=True)
class Seen:
    """A span. Ids are in hex; `links` are (trace, span)."""

    service: str
    name: str
    kind: str
    trace_id: str
    id: str
    parent_id: str
    attributes: Mapping[str, str | int | float | bool]
    links: tuple[tuple[str, str], ...]
    failed: bool

    def __getitem__(self, attribute: str) -> str | int | float | bool:
        return self.attributes[f"speech.{attribute}"]


@dataclass
class OtlpReceiver:
    """`bodies` and `headers` are as they came."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def spans(self) -> list[Seen]:
        return [span for body in list(self.bodies) for span in _spans(body)]

    def wait(self, enough: Callable[[list[Seen]], bool], timeout_s: float = 60) -> list[Seen]:
        deadline = time.monotonic() + timeout_s
        while not enough(spans := self.spans):
            assert time.monotonic() < deadline, [(span.service, span.name) for span in spans]
            time.sleep(0.05)
        return spans


@contextmanager
def running_otlp() -> Iterator[OtlpReceiver]:
    """On a free loopback port."""
    receiver = OtlpReceiver()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
            if right:
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                receiver.bodies.append(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if right else 400)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(body: bytes) -> Iterator[Seen]:
    for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _attributes(resource_spans.resource.attributes)["service.name"]
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield Seen(str(service), span.name, span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
                           span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), _attributes(span.attributes),
                           tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                           span.status.code == span.status.STATUS_CODE_ERROR)


def _attributes(pairs: object) -> dict[str, str | int | float | bool]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}  # type: ignore[attr-defined]
