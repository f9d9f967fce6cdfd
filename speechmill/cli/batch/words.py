"""A batch's state in words, and its errors."""

from collections.abc import Iterator

from speechmill.cli.batch.api import BatchView


def batch_line(batch: BatchView) -> str:
    counts = batch["request_counts"]
    done = f"{counts['completed']} of {counts['total']} lines" if counts["total"] else "lines not counted yet"
    failed = f", {counts['failed']} failed" if counts["failed"] else ""
    return f"{batch['id']}  {batch['status']:<11}  {done}{failed}"


def error_lines(batch: BatchView) -> Iterator[str]:
    """What is wrong with its file, for people."""
    for error in (batch["errors"] or {}).get("data", []):
        where = f"line {error['line']}: " if error["line"] else ""
        yield f"{where}{error['message']}" + (f" ({error['param']})" if error["param"] else "")
