"""The words beside the bar."""

import pytest

from speechmill.cli.progress import progress_bar, words
from tests.unit.cli.views import view


@pytest.mark.parametrize(("job", "told"), [
    (view("queued"), "queued"),
    (view("queued", waiting={"detail": "No worker for speech:tone:batch is running."}),
     "No worker for speech:tone:batch is running."),
    (view("in_progress"), "in progress"),
    (view("in_progress", segments={"total": 12, "completed": 5}), "speaking, 5 of 12 segments"),
    (view("in_progress", segments={"total": 12, "completed": 12}), "joining"),
    (view("completed"), "completed")])
def test_they_say_what_is_being_done(job: dict[str, object], told: str) -> None:
    assert words(job) == told


def test_there_is_no_bar_where_nobody_would_see_it() -> None:
    with progress_bar() as show:
        assert show is None
