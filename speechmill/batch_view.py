"""A batch as clients see it, in answers and in webhooks alike: OpenAI's object, and a little beside it."""

from typing import Any

from speechmill.batch import ENDPOINT, BatchSpec
from speechmill.job import Job, Phase, Status
from speechmill.store.batches import BatchState
from speechmill.view import times_view

BATCHES_PATH = "/v1/batches"


def batch_view(batch: Job, state: BatchState) -> dict[str, Any]:
    spec, times = BatchSpec.model_validate(batch.spec), times_view(batch)
    ended_at = times["completed_at"] or times["cancelled_at"]

    def ended_as(status: Status) -> int | None:
        return ended_at if batch.status is status else None

    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": ENDPOINT,
        "model": None,
        "errors": _errors(batch, state),
        "input_file_id": spec.input_file_id,
        "completion_window": spec.completion_window,
        "status": status_of(batch, state),
        "output_file_id": state.files.output,
        "error_file_id": state.files.error,
        "manifest_file_id": state.files.manifest,
        "archive_file_id": state.files.archive,
        "created_at": times["created_at"],
        "in_progress_at": _seconds(state.begun_ms),
        "expires_at": times["deadline_at"],
        "finalizing_at": _seconds(state.finishing_ms),
        "completed_at": ended_as(Status.COMPLETED),
        "failed_at": ended_as(Status.FAILED),
        "expired_at": ended_as(Status.EXPIRED),
        "cancelling_at": _seconds(state.ending_ms) if state.ending == Status.CANCELLED else None,
        "cancelled_at": ended_as(Status.CANCELLED),
        "results_expire_at": times["expires_at"],
        "request_counts": {"total": state.lines or 0, "completed": state.completed, "failed": state.failed},
        "usage": {"input_characters": state.characters} if state.lines else None,
        "metadata": spec.metadata,
        "priority": batch.klass.value,
        "waiting": batch.waiting.model_dump() if batch.waiting else None,
        "request_id": batch.request_id,
    }


def line_content_path(batch_id: str, number: int) -> str:
    """Where the sound of a line is downloaded, once its batch has ended."""
    return f"{BATCHES_PATH}/{batch_id}/lines/{number}/content"


def status_of(batch: Job, state: BatchState) -> str:
    """In OpenAI's words."""
    if batch.ended or batch.status is Status.CANCELLING:
        return batch.status.value
    if state.ending == Status.CANCELLED:
        return "cancelling"
    if state.lines is None:
        return "validating"
    return "finalizing" if batch.phase is Phase.FINISH or state.ending else "in_progress"


def _errors(batch: Job, state: BatchState) -> dict[str, Any] | None:
    if state.rejected:
        return {"object": "list", "data": [error.model_dump() for error in state.rejected]}
    if batch.error and batch.status is Status.FAILED:
        return {"object": "list", "data": [{"code": batch.error.code, "message": batch.error.message, "param": batch.error.param,
                                            "line": None}]}
    return None


def _seconds(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000
