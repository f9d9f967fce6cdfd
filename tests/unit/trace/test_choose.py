"""Whether anything is traced: OpenTelemetry's own variables decide, and what can't be followed stops nothing."""

import subprocess
import sys

import pytest

from speechmill.trace.choose import open_tracer
from speechmill.trace.otel import OtelTracer
from speechmill.trace.seam import NO_SPAN, NoTracer

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize("environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {**ENDPOINT, "OTEL_SDK_DISABLED": "true"}])
def test_without_an_endpoint_or_when_told_so_nothing_is_traced(environment: dict[str, str]) -> None:
    tracer = open_tracer("test", environment)
    assert isinstance(tracer, NoTracer)
    with tracer.request("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") as span:
        assert span is NO_SPAN
        assert span.traceparent == ""


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_an_endpoint_turns_it_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    tracer = open_tracer("test")
    assert isinstance(tracer, OtelTracer)
    tracer.close()


def test_a_protocol_that_is_not_spoken_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(open_tracer("test", {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}), NoTracer)
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and only http/protobuf is spoken here" in caplog.text


def test_where_opentelemetry_is_not_installed_that_is_said_and_nothing_breaks() -> None:
    code = ("import logging, sys; logging.basicConfig(); sys.modules['opentelemetry.exporter'] = None\n"
            "from speechmill.trace.choose import open_tracer\n"
            f"print(type(open_tracer('test', {ENDPOINT!r})).__name__)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "NoTracer\n"
    assert ("OTEL_EXPORTER_OTLP_ENDPOINT is set, but opentelemetry.exporter is not installed; it comes with speechmill[otel]"
            in done.stderr.replace("opentelemetry.exporter.otlp", "opentelemetry.exporter"))


@pytest.mark.parametrize("module", ["producer.app", "worker.app"])
def test_nothing_that_traces_is_loaded_without_an_endpoint(module: str) -> None:
    # redis-py loads the SDK's metrics by itself where they are installed.
    tracing = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf")
    code = f"import {module}, sys\nfrom speechmill.trace.choose import open_tracer\nopen_tracer('test', {{}})\n" \
           f"print([name for name in sys.modules if name.startswith({tracing!r})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
