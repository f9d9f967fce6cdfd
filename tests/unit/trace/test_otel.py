"""Spans that name their parents, and what they never carry."""

from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from speechmill.trace.otel import OtelTracer
from speechmill.trace.seam import NO_SPAN

REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[OtelTracer]:
    tracer = OtelTracer("test", SimpleSpanProcessor(exporter))
    yield tracer
    tracer.close()


@pytest.fixture
def ended(exporter: InMemorySpanExporter) -> Callable[[], list[ReadableSpan]]:
    return lambda: list(exporter.get_finished_spans())


def ids(traceparent: str) -> tuple[int, int]:
    _, trace, span, _ = traceparent.split("-")
    return int(trace, 16), int(span, 16)


def test_a_request_begins_a_trace_or_goes_on_with_its_clients(tracer: OtelTracer) -> None:
    with tracer.request("") as own, tracer.request(REMOTE) as joined:
        assert ids(own.traceparent)[0] not in (0, ids(REMOTE)[0])
        assert ids(joined.traceparent)[0] == ids(REMOTE)[0]


@pytest.mark.parametrize("header", ["garbage", "00-" + "0" * 32 + "-b7ad6b7169203331-01", REMOTE.upper(), REMOTE + "\u00e9"])
def test_a_traceparent_that_is_none_is_as_good_as_none(tracer: OtelTracer, header: str) -> None:
    with tracer.request(header) as span:
        assert ids(span.traceparent)[0] not in (0, ids(REMOTE)[0])
    assert tracer.span("unit", "consumer", header) is NO_SPAN


def test_without_a_parent_there_is_no_span(tracer: OtelTracer, ended: Callable[[], list[ReadableSpan]]) -> None:
    with tracer.span("unit", "consumer", "", key="a", after="b") as span:
        assert span.traceparent == ""
    assert ended() == []


def test_a_second_try_links_to_the_first_which_nobody_has_remembered(
        tracer: OtelTracer, ended: Callable[[], list[ReadableSpan]]) -> None:
    with tracer.span("unit", "consumer", REMOTE, key="job/0/1") as first:
        place = ids(first.traceparent)
    with tracer.span("unit", "consumer", REMOTE, key="job/0/2", after="job/0/1") as second:
        assert ids(second.traceparent) != place
    links = [(link.context.trace_id, link.context.span_id) for span in ended() for link in span.links]
    assert links == [place]


def test_the_same_key_under_another_parent_is_another_span(tracer: OtelTracer) -> None:
    other = REMOTE.replace("b7ad", "b7ae")
    with tracer.span("unit", "consumer", REMOTE, key="k") as one, tracer.span("unit", "consumer", other, key="k") as two:
        assert ids(one.traceparent)[1] != ids(two.traceparent)[1]


def test_spans_without_a_key_differ(tracer: OtelTracer) -> None:
    with tracer.span("store", "client", REMOTE) as one, tracer.span("store", "client", REMOTE) as two:
        assert one.traceparent != two.traceparent


def test_what_is_not_sampled_stays_so_below(tracer: OtelTracer, ended: Callable[[], list[ReadableSpan]]) -> None:
    with tracer.request(REMOTE[:-2] + "00") as request, tracer.span("submit", "producer", request.traceparent) as submit:
        assert submit.traceparent.endswith("-00")
    assert ended() == []


def test_an_exception_fails_the_span_by_its_type_and_never_by_its_message(
        tracer: OtelTracer, ended: Callable[[], list[ReadableSpan]]) -> None:
    def speak() -> None:
        with tracer.span("synthesize", "internal", REMOTE):
            raise ValueError("cannot speak 'marmot'")

    with pytest.raises(ValueError, match="marmot"):
        speak()
    (span,) = ended()
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert not span.status.is_ok
    assert "marmot" not in span.to_json()


def test_http_attributes_have_everybodys_names_and_the_rest_ours(
        tracer: OtelTracer, ended: Callable[[], list[ReadableSpan]]) -> None:
    with tracer.request("") as span:
        span.name("GET /v1/models")
        span.tell(method="GET", route="/v1/models", status=200, job_id="speech_1")
    (seen,) = ended()
    assert seen.name == "GET /v1/models"
    assert dict(seen.attributes or {}) == {"http.request.method": "GET", "http.route": "/v1/models",
                                           "http.response.status_code": 200, "speech.job_id": "speech_1"}
