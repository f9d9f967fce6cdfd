"""Lexicons through a whole system: in a short job, a long one and a book; the default one, named ones, and none."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from speechmill.cli.main import app
from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_readme import stand_in_for_curl

GUIDE = Path(__file__).parents[2] / "docs/lexicons.md"

LONG = " ".join(f"In chapter {n} Mrs Nguyen walked along the river to the old mill, and Nguyen was happy." for n in range(9))


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("mill")) as stack:
        stack.wait_ready()
        yield stack


@pytest.fixture
def http(mill: Stack) -> Iterator[httpx.Client]:
    """Without any lexicon."""
    with mill.http as http:
        for lexicon in http.get("/v1/audio/lexicons").json()["data"]:
            assert http.delete(f"/v1/audio/lexicons/{lexicon['id']}").status_code == 200
        yield http


def said(mill: Stack, http: httpx.Client, text: str, **body: Any) -> str:
    job = mill.wait(mill.create(text, response_format="wav", **body)["id"])
    assert job["status"] == "completed", job["error"]
    return " ".join(one["text"] for one in http.get(f"/v1/audio/speech/jobs/{job['id']}/segments").json()["data"])


def put(http: httpx.Client, name: str, content: Any) -> dict[str, Any]:
    answer = http.put(f"/v1/audio/lexicons/{name}", json=content)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_default_lexicon_holds_from_then_on_and_no_longer_when_it_is_deleted(mill: Stack, http: httpx.Client) -> None:
    assert "Nguyen" in said(mill, http, LONG)
    put(http, "default", {"Nguyen": "win"})
    spoken = said(mill, http, LONG)
    assert "Missus win walked" in spoken
    assert "Nguyen" not in spoken
    put(http, "default", {"Nguyen": "ngoo yen"})
    assert "Missus ngoo yen walked" in said(mill, http, LONG)
    assert http.delete("/v1/audio/lexicons/default").status_code == 200
    assert "Nguyen" in said(mill, http, LONG)


def test_named_lexicons_hold_where_they_are_asked_for_the_later_before_the_earlier(mill: Stack, http: httpx.Client) -> None:
    put(http, "default", {"mill": "MILL"})
    put(http, "first", {"Nguyen": "win", "river": "stream"})
    put(http, "second", [{"grapheme": "Nguyen", "alias": "new yen", "language": "en"}])
    named = said(mill, http, LONG, language="en", lexicon_ids=["first", "second"])
    assert "Missus new yen walked along the stream to the old mill," in named
    assert "Missus Nguyen walked along the river to the old mill," in said(mill, http, LONG, lexicon_ids=[])


def test_a_job_of_one_segment_is_read_with_it_too(mill: Stack, http: httpx.Client) -> None:
    [plain] = _segments(mill, http, "Nguyen is here.")
    put(http, "default", {"Nguyen": "somebody with quite a long name"})
    [longer] = _segments(mill, http, "Nguyen is here.")
    assert longer["duration_seconds"] > 1.5 * plain["duration_seconds"]


def test_a_books_own_lexicon_comes_before_the_tenants(mill: Stack, http: httpx.Client) -> None:
    put(http, "default", {"Nguyen": "somebody with quite a long name"})
    by_default, by_its_own = _book_s(http), _book_s(http, lexicon={"Nguyen": "win"})
    assert by_default > by_its_own + 1
    assert _book_s(http, lexicon_ids=[]) < by_default - 1


def test_a_lexicon_that_was_deleted_before_its_job_was_cut_fails_it_clearly(mill: Stack, http: httpx.Client) -> None:
    put(http, "gone", {"Nguyen": "win"})
    mill.programs["cpu"].stop()
    job = mill.create(LONG, lexicon_ids=["gone"])
    assert http.delete("/v1/audio/lexicons/gone").status_code == 200
    mill.start("cpu", "worker", "cpu")
    failed = mill.wait(job["id"])
    assert (failed["status"], failed["error"]["code"], failed["error"]["param"]) == ("failed", "lexicon_missing", "lexicon_ids")
    put(http, "gone", {"Nguyen": "win"})
    assert http.post(f"/v1/audio/speech/jobs/{job['id']}/retry").status_code == 200
    assert mill.wait(job["id"])["status"] == "completed"


@pytest.mark.parametrize(("name", "content", "param", "message"), [
    ("a b", b'{"a": "b"}', "name", "1 to 64 of"),
    ("words", b"", "body", "has no entries"),
    ("words", b'{"a": ', "lexicon", "no JSON"),
    ("words", b"\xff\xfe", "lexicon", "not UTF-8"),
    ("words", b'[{"grapheme": "a", "phoneme": "b"}]', "lexicon", "phonemes are not taken"),
    ("words", b"<!DOCTYPE a><lexicon/>", "lexicon", "document type"),
])
def test_what_is_no_lexicon_is_refused_and_the_old_one_stays(http: httpx.Client, name: str, content: bytes, param: str,
                                                              message: str) -> None:
    put(http, "words", {"Nguyen": "win"})
    answer = http.put(f"/v1/audio/lexicons/{name}", content=content)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert message in answer.json()["error"]["message"]
    assert http.get("/v1/audio/lexicons/words").json()["content"] == [{"grapheme": "Nguyen", "alias": "win"}]


def test_a_request_that_names_a_lexicon_that_is_not_there_is_refused(http: httpx.Client) -> None:
    put(http, "names", {"Nguyen": "win"})
    for path in ("/v1/audio/speech", "/v1/audio/speech/jobs", "/v1/audio/books"):
        refused = http.post(path, json={"input": "Hello.", "lexicon_ids": ["nmaes"]})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "lexicon_ids"), path
        assert "'nmaes'; there are names" in refused.json()["error"]["message"]


def test_the_command_line_keeps_shows_and_deletes_them(mill: Stack, http: httpx.Client, tmp_path: Path) -> None:
    table = tmp_path / "names.tsv"
    table.write_text("Nguyen\twin\nchat\tshah\tfr\n")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["lexicon", *arguments, "--url", mill.base_url])
        assert result.exit_code == 0, result.output
        return result.output

    assert "names: 2 entries" in run("put", "names", str(table))
    assert "names" in run("list")
    assert run("show", "names") == table.read_text()
    run("delete", "names")
    assert http.get("/v1/audio/lexicons/names").status_code == 404


def _book_s(http: httpx.Client, **body: Any) -> float:
    """How long a book of one sentence is, seconds."""
    made = http.post("/v1/audio/books", json={"input": "# One\n\nNguyen saw the river.", "formats": ["mp3"], **body}).json()
    book = http.get(f"/v1/audio/books/{made['id']}", headers={"Prefer": "wait=60"}, timeout=70).json()
    assert book["status"] == "completed", book["error"]
    seconds: float = book["chapters"][0]["duration_seconds"]
    return seconds


def _segments(mill: Stack, http: httpx.Client, text: str) -> list[dict[str, Any]]:
    job = mill.wait(mill.create(text, response_format="wav")["id"])
    found: list[dict[str, Any]] = http.get(f"/v1/audio/speech/jobs/{job['id']}/segments").json()["data"]
    return found


def test_the_guides_examples_run_as_they_stand(mill: Stack, http: httpx.Client, tmp_path: Path) -> None:
    examples = "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))
    script = f"set -e -o pipefail\n{stand_in_for_curl()}\n" + examples.replace("http://127.0.0.1:8000", mill.base_url)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [one["id"] for one in json.loads((tmp_path / "list.json").read_text())["data"]] == ["default", "fleet"]
    assert (tmp_path / "victory.mp3").stat().st_size > 1000
    assert [one["id"] for one in http.get("/v1/audio/lexicons").json()["data"]] == ["default"]
