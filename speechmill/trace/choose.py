"""Whether there is somebody to send traces to: OpenTelemetry's own environment variables say so, as in every other program.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import logging
import os
from collections.abc import Mapping

from speechmill.trace.seam import NoTracer, Tracer

log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"


def open_tracer(service: str, environment: Mapping[str, str] = os.environ) -> Tracer:
    """`service` names this process unless OTEL_SERVICE_NAME does. Nothing of OpenTelemetry's SDK is loaded without an endpoint. A
    setting that can't be followed is no reason not to speak: it is logged, and nothing is traced."""
    endpoint = next((name for name in ENDPOINTS if environment.get(name)), "")
    if not endpoint or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NoTracer()
    protocol = next((name for name in PROTOCOLS if environment.get(name, PROTOCOL) != PROTOCOL), "")
    if protocol:
        log.warning("nothing is traced: %s is %s, and only %s is spoken here (most collectors take it on port 4318)",
                    protocol, environment[protocol], PROTOCOL)
        return NoTracer()
    try:
        from speechmill.trace.otel import OtelTracer
    except ImportError as error:
        log.warning("nothing is traced: %s is set, but %s is not installed; it comes with speechmill[otel]", endpoint, error.name)
        return NoTracer()
    return OtelTracer.exporting(service)
