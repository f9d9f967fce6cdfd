"""The OpenAPI document as a whole: what is true of every route, said once, and what FastAPI says that is not so."""

import warnings
from typing import Any

from fastapi import FastAPI

from producer.gate import ADMIN, scopes_for
from producer.openapi import PROBLEM, PROBLEM_REF

Document = dict[str, Any]
Operation = dict[str, Any]

_KEY = {"type": "http", "scheme": "bearer", "description": (
    "An API key, sk-sm-…. A server that listens on loopback alone wants none until the first one was made.")}
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")
"""Answers that FastAPI writes down for every path with a parameter. Ours are 400, in the shape of all errors."""


def describe(app: FastAPI, *, metrics_need_key: bool) -> None:
    """From now on /openapi.json is right."""
    written = app.openapi

    def whole() -> Document:
        with warnings.catch_warnings(action="ignore"):  # of GET and HEAD of one function, which are told apart below
            document = written()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = PROBLEM
        for name in _FASTAPIS_OWN:
            schemas.pop(name, None)
        document["components"]["securitySchemes"] = {"key": _KEY}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _complete(operation, method.upper(), path, metrics_need_key=metrics_need_key)
        return document

    app.openapi = whole  # type: ignore[method-assign]  # as FastAPI's documentation extends it


def _complete(operation: Operation, method: str, path: str, *, metrics_need_key: bool) -> None:
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]
    if method == "HEAD" and not operation["operationId"].endswith("_head"):
        operation["operationId"] = operation["operationId"].removesuffix("_get") + "_head"
    if method == "GET":
        operation["operationId"] = operation["operationId"].removesuffix("_head").removesuffix("_get") + "_get"
    scopes = scopes_for(method, path, metrics_need_key=metrics_need_key)
    if not scopes:
        return
    operation["security"] = [{"key": []}]
    refusals = {"401": "No API key, or no good one.", "403": "A key of other scopes.", "503": "Redis or storage is away."}
    if not path.startswith(ADMIN):
        refusals["429"] = "More than the tenant may; Retry-After says when to come again."
    for status, text in refusals.items():
        operation["responses"].setdefault(status, {"description": text, "content": PROBLEM_REF})
