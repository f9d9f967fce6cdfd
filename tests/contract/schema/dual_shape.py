"""A check of schemathesis's: every refusal fills the fields of RFC 9457 clients and of OpenAI's SDKs alike."""

from typing import Any

from schemathesis import Case, CheckContext, Response


def refusals_have_both_shapes(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Raises AssertionError that says what is missing."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == ["application/problem+json"], "a refusal is no problem document"
    if case.method == "HEAD":
        return  # such an answer has no body
    said: dict[str, Any] = response.json()
    error = said.get("error")
    assert isinstance(error, dict), "there is no error object of OpenAI's"
    assert said["status"] == response.status_code, "status is not the answer's"
    assert said["detail"] == error["message"], "detail and error.message differ"
    assert isinstance(error["code"], str), "error.code is missing"
    assert error["code"], "error.code is empty"
    assert isinstance(error["type"], str), "error.type is missing"
    assert error["param"] is None or isinstance(error["param"], str), "error.param is no name"
    assert said["type"] == "about:blank", "type is not the one of plain HTTP problems"
    assert said["title"], "title is empty"
    if response.status_code == 429:
        assert 0 <= int(response.headers["retry-after"][0]) <= 60, "Retry-After is not what the SDKs follow"
