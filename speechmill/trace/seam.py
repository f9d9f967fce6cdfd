"""The seam to tracing: spans say where a job's time went, from the request over each of its units to the webhook.

What belongs to one trace runs in several processes and hours apart, so nothing here is "current": a span is told its parent, by
that one's *traceparent*, which lies in the job's record and is the text form of W3C Trace Context
(https://www.w3.org/TR/trace-context/#traceparent-header). No span ever carries what is spoken, a key, a secret or an address:
only ids, names and figures.
"""

from types import TracebackType
from typing import Literal, Protocol

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | int | float | bool


class Span(Protocol):
    """Something that takes time. It ends with the `with` block, on whatever thread; an exception that leaves the block makes it a
    failed one, by the exception's type."""

    @property
    def traceparent(self) -> str:
        """What its children are told; "" where there is no trace."""
        ...

    def tell(self, **attributes: Attribute) -> None:
        """`job_id=…` becomes the attribute speech.job_id."""
        ...

    def name(self, name: str) -> None:
        """A better one, once it is known."""
        ...

    def fail(self, code: str) -> None:
        """It went wrong; `code` as clients are told it."""
        ...

    def link(self, traceparent: str) -> None:
        """To a span of another trace."""
        ...

    def __enter__(self) -> "Span":
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...


class Tracer(Protocol):
    """Begins spans, from any thread, and never waits for whoever collects them."""

    def request(self, traceparent: str) -> Span:
        """A request from outside: a trace of its own, or a part of its client's, where that sent a traceparent."""
        ...

    def span(self, name: str, kind: Kind, parent: str, *, key: str = "", after: str = "", **attributes: Attribute) -> Span:
        """Part of `parent`; without one there is no span. `key` names it among its siblings, for a later one to link to: a second
        try is told the key of the first as `after`, and nobody has to remember any span."""
        ...

    def close(self) -> None:
        """Hands over what was not sent yet, or gives it up after a moment."""
        ...


class NoSpan:
    """Where nothing is traced."""

    traceparent = ""

    def tell(self, **attributes: Attribute) -> None:
        pass

    def name(self, name: str) -> None:
        pass

    def fail(self, code: str) -> None:
        pass

    def link(self, traceparent: str) -> None:
        pass

    def __enter__(self) -> "NoSpan":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


NO_SPAN = NoSpan()


class NoTracer:
    """Without an exporter."""

    def request(self, *_: object) -> Span:
        return NO_SPAN

    def span(self, *_: object, **__: object) -> Span:
        return NO_SPAN

    def close(self) -> None:
        pass
