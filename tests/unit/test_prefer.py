import pytest

from producer.prefer import Preference, parse_prefer


@pytest.mark.parametrize(("header", "meant", "applied"), [
    ("", Preference(), ""),
    ("respond-async", Preference(respond_async=True), "respond-async"),
    ("wait=10", Preference(wait_s=10), "wait=10"),
    ("Respond-Async, Wait=5", Preference(True, 5), "respond-async"),
    ("respond-async; wait=5", Preference(True, 5), "respond-async"),
    ("wait=3600", Preference(wait_s=60), "wait=60"),
    ("wait=-1, handling=lenient, wait=soon, wait=²", Preference(), ""),
])
def test_the_prefer_header(header: str, meant: Preference, applied: str) -> None:
    assert parse_prefer(header) == meant
    assert meant.applied == applied
