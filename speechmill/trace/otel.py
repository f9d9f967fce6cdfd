"""Tracing by OpenTelemetry's SDK, exported over OTLP/HTTP. Loaded only when there is an endpoint to export to (choose.py)."""

import hashlib
import os
import threading
from contextvars import ContextVar
from importlib.metadata import version
from types import TracebackType

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, get_current_span
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from speechmill.trace.seam import NO_SPAN, Attribute, Kind, Span

CLOSE_S = 1.0
"""How long a process that stops waits for its last spans to be taken."""

_W3C = TraceContextTextMapPropagator()

_chosen: ContextVar[int] = ContextVar("chosen_span_id", default=0)


class OtelSpan:
    """A span of the SDK's. It is the current one of no context."""

    def __init__(self, span: SdkSpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        place = self._span.get_span_context()
        return f"00-{place.trace_id:032x}-{place.span_id:016x}-{place.trace_flags:02x}"

    def tell(self, **attributes: Attribute) -> None:
        self._span.set_attributes(_named(attributes))

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, code: str) -> None:
        self._span.set_attribute("error.type", code)
        self._span.set_status(Status(StatusCode.ERROR))

    def link(self, traceparent: str) -> None:
        place = get_current_span(_context(traceparent)).get_span_context()
        if place.is_valid:
            self._span.add_link(place)

    def __enter__(self) -> "OtelSpan":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and issubclass(kind, Exception):
            self.fail(kind.__name__)  # and never its message, which may quote what is spoken
        self._span.end()


class OtelTracer:
    """All spans of one process."""

    def __init__(self, service: str, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(resource=_resource(service), id_generator=_Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("speechmill", version("speechmill"))

    @classmethod
    def exporting(cls, service: str) -> "OtelTracer":
        """To where OTEL_EXPORTER_OTLP_ENDPOINT says, with the headers, sampler and limits of the other OTEL_ variables."""
        return cls(service, BatchSpanProcessor(OTLPSpanExporter()))

    def request(self, traceparent: str) -> Span:
        return OtelSpan(self._tracer.start_span("request", _context(traceparent), SpanKind.SERVER))

    def span(self, name: str, kind: Kind, parent: str, *, key: str = "", after: str = "", **attributes: Attribute) -> Span:
        context = _context(parent)
        above = get_current_span(context).get_span_context()
        if not above.is_valid:
            return NO_SPAN
        links = [Link(_sibling(above, parent, after))] if after else []
        token = _chosen.set(_span_id(parent, key) if key else 0)
        try:
            return OtelSpan(self._tracer.start_span(name, context, SpanKind[kind.upper()], _named(attributes), links))
        finally:
            _chosen.reset(token)

    def close(self) -> None:
        # Beside us: against a collector that hangs it would take the exporter's ten seconds, which a process that stops has not.
        closing = threading.Thread(target=self._provider.shutdown, name="trace-close", daemon=True)
        closing.start()
        closing.join(CLOSE_S)


class _Ids(RandomIdGenerator):
    """Random, but for spans whose id follows from their key."""

    def generate_span_id(self) -> int:
        return _chosen.get() or super().generate_span_id()


def _resource(service: str) -> Resource:
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({**({} if named else {"service.name": f"speechmill-{service}"}),
                            "service.version": version("speechmill")})


def _context(traceparent: str) -> Context:
    return _W3C.extract({"traceparent": traceparent}, Context())


def _span_id(parent: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{parent}/{key}".encode()).digest()[:8], "big") or 1


def _sibling(above: SpanContext, parent: str, key: str) -> SpanContext:
    return SpanContext(above.trace_id, _span_id(parent, key), is_remote=True, trace_flags=TraceFlags(above.trace_flags))


def _named(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    """`http_route` and its like by the names that everybody gives them, the rest as ours."""
    return {_STANDARD.get(name, f"speech.{name}"): value for name, value in attributes.items()}


_STANDARD = {"method": "http.request.method", "route": "http.route", "status": "http.response.status_code"}
"""https://opentelemetry.io/docs/specs/semconv/http/http-spans/"""
