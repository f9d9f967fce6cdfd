"""Bad takes under a whole system: spoken again, in halves, and kept with a flag where nothing helps."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.stack import Stack, running_stack

GOOD = "It rained all night long. In the morning the lake had come."


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("mill"), workers=False, WORKER__LEASE_S="30") as stack:
        stack.start("speech", "tests.e2e.faulty_worker", "speech")
        stack.start("cpu", "worker", "cpu")
        stack.wait_ready()
        yield stack


def spoken(stack: Stack, text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The job once it has ended, and its segments."""
    job = stack.wait(stack.create(text, response_format="wav")["id"])
    assert job["status"] == "completed", job["error"]
    with stack.http as http:
        return job, http.get(f"/v1/audio/speech/jobs/{job['id']}/segments").json()["data"]


def test_a_good_take_is_spoken_once(mill: Stack) -> None:
    job, [segment] = spoken(mill, GOOD)
    assert (segment["spoken"], segment["flags"], segment["attempts"]) == (1, [], 1)
    assert job["segments"]["flagged"] == 0


@pytest.mark.parametrize("fault", ["ONCE", "NAN"])
def test_a_bad_first_take_is_spoken_again_and_nobody_hears_it(mill: Stack, fault: str) -> None:
    job, [segment] = spoken(mill, f"{fault} upon a time it rained all night long.")
    assert (segment["spoken"], segment["flags"], segment["attempts"]) == (2, [], 1)
    assert (job["segments"]["flagged"], job["attempts"]) == (0, 1)
    assert job["output"]["duration_seconds"] < 4


def test_a_text_that_is_bad_each_time_is_good_in_halves(mill: Stack) -> None:
    _, [segment] = spoken(mill, "ALPHA the rain was here. OMEGA the lake was here.")
    assert (segment["spoken"], segment["flags"]) == (4, [])


def test_a_text_that_nothing_helps_completes_with_a_flag(mill: Stack) -> None:
    job, [segment] = spoken(mill, "ALWAYS the rain was here. ALWAYS the lake was here.")
    assert (segment["spoken"], segment["flags"], segment["attempts"]) == (4, ["inner_silence"], 1)
    assert (job["segments"]["flagged"], job["attempts"]) == (1, 1)


def test_one_flagged_segment_of_many_is_found_in_the_list(mill: Stack) -> None:
    texts = [f"First. {GOOD}", f"ALWAYS. {GOOD}", f"ONCE. {GOOD}", f"Third. {GOOD}", f"Fourth. {GOOD}", f"Fifth. {GOOD}"]
    job, segments = spoken(mill, "\n\n\n".join(texts))
    assert [(segment["spoken"], segment["flags"]) for segment in segments] == \
        [(1, []), (4, ["inner_silence"]), (2, []), (1, []), (1, []), (1, [])]
    assert job["segments"] == {"total": 6, "completed": 6, "failed": 0, "flagged": 1}


def test_a_flagged_take_is_used_again_as_it_is(mill: Stack) -> None:
    text = "ALWAYS again it rained. ALWAYS again it was wet."
    spoken(mill, text)
    _, [segment] = spoken(mill, text)
    assert (segment["cached"], segment["spoken"], segment["flags"]) == (True, 0, ["inner_silence"])
