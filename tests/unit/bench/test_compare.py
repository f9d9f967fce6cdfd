"""The engine and others on the same texts."""

import json
import sys
from collections.abc import Iterator

import pytest

from tests.unit.cli.http_server import Answer, running_server
from worker.bench.case import Case
from worker.bench.compare.comparison import Asked, compare
from worker.bench.compare.lines import lines
from worker.bench.compare.peer import BadPeer, PackagePeer, UrlPeer, parse_peer
from worker.bench.compare.report import json_lines, table
from worker.bench.load import Lengths
from worker.bench.random_weights import write_endless


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("endless")
    write_endless(folder, "tiny")
    return Asked(folder, at_once=(1, 3), lengths=Lengths(0.4, 0.8), texts=2, limit_s=30.0)


@pytest.fixture
def url() -> Iterator[str]:
    with running_server(lambda _: Answer(body=bytes(48_000))) as server:
        yield f"{server.url}/v1"


def test_the_engine_speaks_all_texts_and_stands_beside_its_peers(asked: Asked, url: str) -> None:
    rows = list(compare([Case.parse("engine")], [parse_peer(url)], asked))
    assert [(row.peer, row.at_once, row.n_utterances, row.n_errors) for row in rows] == [
        ("engine", 1, 2, 0), ("engine", 3, 6, 0), (url, 1, 2, 0), (url, 3, 6, 0)]
    for row in rows:
        assert row.times_realtime > 0
        assert row.rtf == pytest.approx(row.at_once / row.times_realtime)
        assert 0 < row.first_ms <= row.first_p95_ms
    assert "its own lengths" in rows[2].notes


def test_a_peer_that_breaks_is_a_row_that_says_why(asked: Asked) -> None:
    peers = [PackagePeer("qwen-tts", "/no/python"), PackagePeer("faster-qwen3-tts", sys.executable)]
    rows = list(compare([], peers, asked))
    assert [(row.peer, row.at_once, row.n_errors) for row in rows] == [
        ("qwen-tts", 1, 1), ("qwen-tts", 3, 1), ("faster-qwen3-tts", 1, 1)]
    assert "/no/python can't be run" in rows[0].notes
    assert "faster-qwen3-tts needs a CUDA device" in rows[2].notes
    assert table(rows).splitlines()[2].startswith("| qwen-tts | 1 | – | – | – (–) | 0 | 1 | 1 errors, the first: ")
    assert json.loads(json_lines(rows).splitlines()[0])["times_realtime"] is None


def test_all_speak_the_same_texts_and_few_are_the_first_of_many() -> None:
    many = lines(8, Lengths(1, 2))
    assert lines(3, Lengths(1, 2)) == many[:3]
    assert len({line.text for line in many}) == 8
    assert {12 <= line.n_frames <= 25 for line in many} == {True}


def test_a_peer_is_read_from_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "s3cret")
    assert parse_peer("qwen-tts,python=/venv/bin/python") == PackagePeer("qwen-tts", "/venv/bin/python")
    assert parse_peer('https://host:8/v1/,model=m,voice=v,key_env=A_KEY,max_new_tokens=40,task="x"') == UrlPeer(
        "https://host:8/v1", "m", "v", "A_KEY", {"max_new_tokens": 40, "task": "x"})


@pytest.mark.parametrize(("text", "problem"), [
    ("vllm", "no peer 'vllm'; there are qwen-tts, faster-qwen3-tts, and any URL"),
    ("ftp://host/v1", "no peer 'ftp://host/v1'"),
    ("qwen-tts", r"qwen-tts is not in this environment.*qwen-tts,python=PATH"),
    ("faster-qwen3-tts,voice=x", "has no option 'voice'; it has python"),
    ("http://host/v1,model", "'model' is no option: options are NAME=VALUE"),
    ("http://host/v1,key_env=NO_SUCH_KEY", "environment variable NO_SUCH_KEY, which is not set"),
    ("http://host/v1,task=x", 'text wants quotes: task="x"'),
])
def test_what_is_no_peer_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadPeer, match=problem):
        parse_peer(text)
