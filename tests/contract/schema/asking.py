"""Every operation of a server's OpenAPI document, asked with what schemathesis makes up for it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, CheckFunction, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.schema.dual_shape import refusals_have_both_shapes

Operation = APIOperation[Any, Any, Any, Any]
CHECKS: list[CheckFunction] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, refusals_have_both_shapes]
ANSWER_S = 60
"""Longer, and a request hangs."""


@dataclass(frozen=True)
class Effort:
    """`examples` of each operation; `repeatable`: the same ones in every run."""

    examples: int
    repeatable: bool


@dataclass
class Server:
    """A running producer, a key that may do everything there, and the names of things that exist, by path parameter."""

    base_url: str
    key: str
    existing: Mapping[str, str] = field(default_factory=dict)

    def operations(self) -> Iterator[Operation]:
        schema = schemathesis.openapi.from_url(f"{self.base_url}/openapi.json")
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            yield found.ok()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, headers={"Authorization": f"Bearer {self.key}"}, timeout=ANSWER_S)

    def path(self, operation: Operation) -> str:
        """Of what exists, where its path has parameters."""
        return re.sub(r"{(\w+)}", lambda name: self.existing.get(name[1], "nothing"), operation.path)

    def failures(self, operation: Operation, mode: GenerationMode, effort: Effort) -> list[str]:
        """What of the operation's answers is not as its document says; nothing where the mode has no case for it."""
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.key}"

            @settings(max_examples=effort.examples, derandomize=effort.repeatable, deadline=None, database=None,
                      phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode), exists=st.booleans())
            def ask(case: Case[Any], exists: bool) -> None:
                if exists:
                    case.path_parameters.update({name: self.existing[name] for name in case.path_parameters
                                                 if name in self.existing})
                case.validate_response(case.call(session=session, timeout=ANSWER_S), checks=CHECKS)

            try:
                ask()
            except FailureGroup as failed:
                return [f"{operation.label}: {failure}" for failure in failed.exceptions] + [f"{failed}"]
            except Unsatisfiable:
                return []
        return []
