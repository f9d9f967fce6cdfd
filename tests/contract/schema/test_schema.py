"""The whole API against its own OpenAPI document: whatever is asked, no 5xx, and every answer is one that the document has."""

import re
from collections.abc import Iterator

import httpx
import pytest
from schemathesis import GenerationMode

from tests.contract.schema.asking import ANSWER_S, Effort, Operation, Server
from tests.contract.schema.existing import make_one_of_each
from tests.e2e.stack import running_stack

KEY = "the admin key of the schema tests, long"
A_FEW = Effort(examples=6, repeatable=True)
MANY = Effort(examples=60, repeatable=False)

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
BROKEN = (b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"input": 1e999}', b'{"input": "\\ud800"}',
          b'{"input": NaN}', b'{"input": "a", "input": null}', b'{"": {"": []}}', b"9" * 5000, b'{"input": "\\u0000"}')
KINDS = ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "application/x; =", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A whole system in which there is one of most things."""
    # A Redis that a busy machine keeps waiting is not away: 503 would be right then, and is not what is looked for.
    with running_stack(tmp_path_factory.mktemp("schema"), PRODUCER__ADMIN_KEY=KEY, REDIS__PRODUCER_TIMEOUT_S="20") as stack:
        yield Server(stack.base_url, KEY, make_one_of_each(stack, KEY))


@pytest.fixture(scope="module")
def operations(server: Server) -> list[Operation]:
    return list(server.operations())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_the_document_says(server: Server, mode: GenerationMode) -> None:
    assert all_failures(server, mode, A_FEW) == ""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_one_of_many_answers_is_as_the_document_says(server: Server, mode: GenerationMode) -> None:
    assert all_failures(server, mode, MANY) == ""


def test_without_a_key_whatever_wants_one_is_refused_in_both_shapes(server: Server, operations: list[Operation]) -> None:
    with httpx.Client(base_url=server.base_url, timeout=ANSWER_S) as http:
        for operation in operations:
            if "security" in operation.definition.raw:
                refused(http.request(operation.method, server.path(operation)), 401, operation)


def test_a_method_that_a_path_has_not_is_refused_in_both_shapes(server: Server, operations: list[Operation]) -> None:
    with server.client() as http:
        for operation in operations:
            path = server.path(operation)
            known = {other.method.upper() for other in operations if takes(other, path)}
            for method in METHODS - known:
                answer = http.request(method, path)
                refused(answer, 405, operation)
                assert set(answer.headers["allow"].split(", ")) <= known | {"HEAD"}, operation.label


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: str(body[:20]))
def test_a_broken_body_is_refused_in_both_shapes(server: Server, operations: list[Operation], body: bytes) -> None:
    with server.client() as http:
        for operation in operations:
            if "requestBody" in operation.definition.raw:
                for kind in KINDS:
                    answer = http.request(operation.method, server.path(operation), content=body, headers={"Content-Type": kind})
                    assert answer.status_code < 500, f"{operation.label}, {kind}, {body[:40]!r}: {answer.text}"
                    if answer.status_code >= 400:
                        refused(answer, answer.status_code, operation)


def all_failures(server: Server, mode: GenerationMode, effort: Effort) -> str:
    """One text, which pytest shows as it is."""
    return "\n\n".join(failure for operation in server.operations() for failure in server.failures(operation, mode, effort))


def takes(operation: Operation, path: str) -> bool:
    """Whether the operation's path is this one, whatever its parameters: /voices/design is also /voices/{voice_id}."""
    return re.fullmatch(re.sub(r"{\w+}", "[^/]+", operation.path), path) is not None


def refused(answer: httpx.Response, status: int, operation: Operation) -> None:
    assert answer.status_code == status, f"{operation.label}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json", operation.label
    if operation.method != "head":
        said = answer.json()
        assert (said["status"], said["detail"]) == (status, said["error"]["message"]), operation.label
        assert said["error"]["code"], operation.label
