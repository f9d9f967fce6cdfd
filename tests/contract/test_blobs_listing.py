"""Listing, ages and deleting in bulk, the same for a local folder and every S3 server: what the reaper stands on."""

import os
import time
from pathlib import Path

import boto3
import pytest

from speechmill.blobs.folder import PARTIAL
from speechmill.blobs.seam import (
    Belonging,
    Blobs,
    belonging,
    input_key,
    line_text_key,
    plan_key,
    reference_key,
    result_key,
    segment_key,
)
from speechmill.errors import BlobMissing
from tests.contract.stores import STORES, Clock, Store, folder_store, read, s3_store
from tests.services.s3_server import S3Server

SERVERS = [name for name in STORES if name != "folder"]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return folder_store(tmp_path / "objects", Clock())
    return s3_store(request.getfixturevalue(f"{request.param}_server"))


@pytest.fixture
def blobs(store: Store) -> Blobs:
    return store.blobs


def put_all(blobs: Blobs, *keys: str) -> None:
    for key in keys:
        blobs.put(key, key.encode(), "text/plain")


def walked(blobs: Blobs, prefix: str, limit: int) -> list[list[str]]:
    """The keys of each page."""
    pages, after = [], ""
    while True:
        page = blobs.page(prefix, after, limit)
        pages.append([found.key for found in page.objects])
        if not page.after:
            return pages
        after = page.after


class TestPages:
    def test_all_objects_come_once_in_the_order_of_their_keys_however_long_a_page_is(self, blobs: Blobs) -> None:
        keys = ["t/a/results/1/1.mp3", "t/a/results/1.x", "t/a/results/1-", "t/a/results/10/1.mp3", "t/a/results/1/deep/er/3",
                "t/a/results/2", "t/a/segments/ab/abc.flac", "t/a/segments/ab-/1", "t/b/inputs/1", "t/a-b/inputs/2",
                "t/ä/inputs/1"]
        put_all(blobs, *keys)

        for limit in (1, 2, 3, len(keys), 1000):
            pages = walked(blobs, "t/", limit)
            assert [key for page in pages for key in page] == sorted(keys)
            assert all(len(page) == limit for page in pages[:-1])

    def test_a_page_has_what_is_under_its_prefix_and_nothing_else(self, blobs: Blobs) -> None:
        put_all(blobs, "t/a/inputs/1", "t/a/inputs/2", "t/ab/inputs/1", "t/b/inputs/1")
        blobs.check()

        assert walked(blobs, "t/a/", 1000) == [["t/a/inputs/1", "t/a/inputs/2"]]
        assert walked(blobs, "t/nobody/", 1000) == [[]]
        with pytest.raises(ValueError, match="ends in a slash"):
            blobs.page("t/a")

    def test_an_empty_store_has_one_empty_page(self, blobs: Blobs) -> None:
        assert walked(blobs, "t/", 10) == [[]]

    def test_a_walk_goes_on_behind_a_key_that_has_been_deleted(self, blobs: Blobs) -> None:
        put_all(blobs, *(f"t/a/inputs/{n}" for n in range(4)))
        first = blobs.page("t/", limit=2)

        blobs.delete_prefix("t/a/inputs/0/")
        blobs.delete_all([found.key for found in first.objects])

        assert [found.key for found in blobs.page("t/", first.after).objects] == ["t/a/inputs/2", "t/a/inputs/3"]

    def test_more_than_a_thousand_objects_are_walked_and_deleted_in_bulk(self, blobs: Blobs) -> None:
        keys = [f"t/a/segments/{n % 256:02x}/{n:05}.flac" for n in range(1100)]
        put_all(blobs, *keys)

        assert [key for page in walked(blobs, "t/", 1000) for key in page] == sorted(keys)

        blobs.delete_all([*keys, "t/a/segments/never/there.flac"])
        assert walked(blobs, "t/", 1000) == [[]]
        blobs.delete_all([])


class TestAges:
    def test_an_object_has_the_age_of_its_last_writing_in_every_answer(self, blobs: Blobs) -> None:
        put_all(blobs, "t/a/inputs/1")
        time.sleep(2.3)  # dates of objects are whole seconds

        content = blobs.read("t/a/inputs/1")
        listed = blobs.page("t/").objects[0]
        age_s = blobs.age_s("t/a/inputs/1")
        assert age_s is not None
        assert content.data == b"t/a/inputs/1"
        assert (listed.key, listed.bytes) == ("t/a/inputs/1", 12)
        for seconds in (content.age_s, listed.age_s, age_s):
            assert 1 <= seconds < 60

        written_again = time.monotonic()
        put_all(blobs, "t/a/inputs/1")
        assert blobs.read("t/a/inputs/1").age_s < time.monotonic() - written_again + 1.1

    def test_what_is_not_there_has_no_age_and_cannot_be_read(self, blobs: Blobs) -> None:
        assert blobs.age_s("t/a/inputs/1") is None
        with pytest.raises(BlobMissing, match="no object 't/a/inputs/1'"):
            blobs.read("t/a/inputs/1")


def test_a_file_that_was_dated_by_another_clock_is_never_younger_than_nothing(tmp_path: Path) -> None:
    blobs = folder_store(tmp_path, Clock()).blobs
    put_all(blobs, "t/a/inputs/1")
    os.utime(tmp_path / "t/a/inputs/1", (time.time() + 900,) * 2)

    assert blobs.read("t/a/inputs/1").age_s == blobs.page("t/").objects[0].age_s == 0


class TestUnfinished:
    def test_a_half_written_file_is_dropped_once_it_is_old(self, tmp_path: Path) -> None:
        clock = Clock(time.time())
        blobs = folder_store(tmp_path, clock).blobs
        (tmp_path / PARTIAL / "left").write_bytes(b"half of an obj")

        assert blobs.drop_unfinished(3600) == 0
        clock.advance(3700)
        assert blobs.drop_unfinished(3600) == 1
        assert blobs.drop_unfinished(3600) == 0

    @pytest.mark.parametrize("server_name", SERVERS)
    def test_an_upload_whose_writer_died_is_dropped_once_it_is_old(self, server_name: str,
                                                                   request: pytest.FixtureRequest) -> None:
        server: S3Server = request.getfixturevalue(f"{server_name}_server")
        blobs = s3_store(server).blobs
        put_all(blobs, "t/a/inputs/1")
        begin_upload(server, bucket_of(blobs), "t/a/results/speech_1/1.wav")
        begin_upload(server, bucket_of(blobs), "somebody/elses.wav")
        time.sleep(2.1)

        assert blobs.drop_unfinished(3600) == 0
        assert blobs.drop_unfinished(1) == 1
        assert blobs.drop_unfinished(1) == 0
        assert read(blobs, "t/a/inputs/1") == b"t/a/inputs/1"

    @pytest.mark.parametrize("server_name", SERVERS)
    def test_in_a_bucket_that_is_not_there_yet_there_is_nothing(self, server_name: str, request: pytest.FixtureRequest) -> None:
        blobs = s3_store(request.getfixturevalue(f"{server_name}_server")).blobs

        assert blobs.drop_unfinished(0) == 0
        blobs.delete_all(["t/a/inputs/1"])
        put_all(blobs, "t/a/inputs/1")
        assert blobs.drop_unfinished(0) == 0


def bucket_of(blobs: Blobs) -> str:
    return (blobs.uri("x") or "").removeprefix("s3://").partition("/")[0]


def begin_upload(server: S3Server, bucket: str, key: str) -> None:
    """As a worker that is killed in the middle."""
    client = boto3.client("s3", endpoint_url=server.endpoint_url, aws_access_key_id=server.access_key_id,
                          aws_secret_access_key=server.secret_access_key, region_name="us-east-1")
    begun = client.create_multipart_upload(Bucket=bucket, Key=key)
    client.upload_part(Bucket=bucket, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=bytes(5 * 1024 * 1024))
    client.close()


class TestBelonging:
    def test_every_key_that_is_made_says_what_it_is(self) -> None:
        assert belonging(input_key("a", "speech_1")) == Belonging("a", "inputs", "speech_1")
        assert belonging(plan_key("a", "speech_1", 7)) == Belonging("a", "plans", "speech_1")
        assert belonging(result_key("a", "speech_1", 7, "segments.jsonl")) == Belonging("a", "results", "speech_1")
        assert belonging(line_text_key("a", "batch_1.7")) == Belonging("a", "plans", "batch_1")
        assert belonging(reference_key("a", "0" * 64)) == Belonging("a", "references", "")
        assert belonging(segment_key("a", "ab" * 32)) == Belonging("a", "segments", "")

    @pytest.mark.parametrize("key", ["probe", "t/a", "t/a/inputs", "t/a/elses/1", "x/t/a/inputs/1", "t/a/results/1/2/3/4"])
    def test_any_other_key_is_nobody_s(self, key: str) -> None:
        assert belonging(key) is None
