"""Numbers through a whole system: read as words in a short job and in a long one, unless the request says otherwise."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.stack import Stack, running_stack

LONG = " ".join(f"In {year} Mr. Miller paid ${year - 1900}.50 for bread and the rent of his mill by the river."
                for year in range(1950, 1960))


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("mill"), WORKER__LEASE_S="30") as stack:
        stack.wait_ready()
        yield stack


def segments(stack: Stack, text: str, **body: Any) -> list[dict[str, Any]]:
    job = stack.wait(stack.create(text, response_format="wav", **body)["id"])
    assert job["status"] == "completed", job["error"]
    with stack.http as http:
        data: list[dict[str, Any]] = http.get(f"/v1/audio/speech/jobs/{job['id']}/segments").json()["data"]
    return data


def test_a_long_jobs_segments_say_numbers_in_words_and_their_spans_tile_the_text(mill: Stack) -> None:
    said = segments(mill, LONG)
    assert said[0]["text"].startswith("In nineteen fifty Mister Miller paid fifty dollars and fifty cents for bread")
    assert not any(map(str.isdecimal, " ".join(segment["text"] for segment in said)))
    assert "".join(LONG[slice(*segment["span"])] for segment in said) == LONG


def test_with_normalize_false_the_voice_gets_what_is_written(mill: Stack) -> None:
    said = segments(mill, LONG, normalize=False)
    assert said[0]["text"].startswith("In 1950 Mr. Miller paid $50.50 for bread")


def test_in_chinese_numbers_are_chinese(mill: Stack) -> None:
    said = segments(mill, "1984年1月5日，他用3.5元买了12个苹果，然后就沿着河边慢慢地走回家去了。" * 3, language="zh")
    assert said[0]["text"].startswith("一九八四年一月五日，他用三点五元买了十二个苹果")


def test_a_short_job_says_them_too_and_longer_than_what_is_written(mill: Stack) -> None:
    [words], [digits] = segments(mill, "It was 1,777,777."), segments(mill, "It was 1,777,777.", normalize=False)
    assert words["duration_seconds"] > digits["duration_seconds"]


def test_the_same_words_are_the_same_sound_however_they_were_written(mill: Stack) -> None:
    [first], [second] = segments(mill, "There are 12 of them in it."), segments(mill, "There are twelve of them in it.")
    assert (first["cached"], second["cached"]) == (False, True)


def test_a_short_job_whose_numbers_are_long_is_spoken_in_parts_in_one_claim_and_joined(mill: Stack) -> None:
    text = ("7,777,777 and " * 20).strip()
    [whole] = segments(mill, text)
    assert (whole["spoken"], whole["attempts"], whole["flags"]) == (7, 1, [])
    assert whole["duration_seconds"] > 30
    [again] = segments(mill, text)
    assert (again["spoken"], again["cached"], again["duration_seconds"]) == (0, True, whole["duration_seconds"])


def test_normalize_must_be_true_or_false(mill: Stack) -> None:
    with mill.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "12", "normalize": "no"})
        schema = http.get("/openapi.json").json()
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "normalize"
    assert "numbers" in str(schema["paths"]["/v1/audio/speech"]["post"]["requestBody"])
