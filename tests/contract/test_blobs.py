"""The contract of `speechmill/blobs/seam.py`, the same for a local folder, Ceph's S3 gateway and rclone's S3 server."""

import hashlib
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from speechmill.blobs.seam import Blobs, Stored
from speechmill.errors import BlobMissing, BlobsUnavailable
from tests.contract.stores import KEY, SOMEBODY_ELSES_SECRET, STORES, Clock, Store, every_call, folder_store, read, s3_store

MIB = 1024 * 1024


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return folder_store(tmp_path / "objects", Clock())
    return s3_store(request.getfixturevalue(f"{request.param}_server"))


@pytest.fixture
def blobs(store: Store) -> Blobs:
    return store.blobs


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class TestObjects:
    def test_what_is_put_is_read_back(self, blobs: Blobs) -> None:
        stored = blobs.put(KEY, b"spoken", "audio/mpeg")

        assert stored == Stored(KEY, 6, sha256(b"spoken"))
        assert read(blobs) == b"spoken"

    def test_a_file_is_stored_like_bytes(self, blobs: Blobs, tmp_path: Path) -> None:
        file = tmp_path / "speech.mp3"
        file.write_bytes(b"spoken")

        assert blobs.put(KEY, file, "audio/mpeg") == Stored(KEY, 6, sha256(b"spoken"))
        assert read(blobs) == b"spoken"

    def test_any_text_comes_back_byte_for_byte(self, blobs: Blobs) -> None:
        text = "Grüß Gott\r\n你好，世界。\0 مرحبا 👩‍👩‍👧 \u2028 end".encode()

        blobs.put("t/local/inputs/speech_1", text, "text/plain; charset=utf-8")

        assert read(blobs, "t/local/inputs/speech_1") == text

    def test_an_empty_object_is_an_object(self, blobs: Blobs) -> None:
        assert blobs.put(KEY, b"", "audio/mpeg") == Stored(KEY, 0, sha256(b""))

        assert blobs.size(KEY) == 0
        assert read(blobs) == b""
        assert read(blobs, offset=0, length=5) == b""

    def test_a_second_put_replaces_the_first(self, blobs: Blobs) -> None:
        blobs.put(KEY, b"the longer first one", "audio/mpeg")
        blobs.put(KEY, b"the second", "audio/mpeg")

        assert read(blobs) == b"the second"
        assert blobs.size(KEY) == 10

    def test_a_range_is_cut_at_the_end_of_the_object(self, blobs: Blobs) -> None:
        blobs.put(KEY, b"0123456789", "audio/mpeg")

        assert read(blobs, KEY, 0, 4) == b"0123"
        assert read(blobs, KEY, 3, 4) == b"3456"
        assert read(blobs, KEY, 7) == read(blobs, KEY, 7, 100) == b"789"
        assert read(blobs, KEY, 9, 1) == b"9"
        assert read(blobs, KEY, 4, 0) == b""
        assert read(blobs, KEY, 10) == read(blobs, KEY, 10, 5) == read(blobs, KEY, 1000, 5) == b""

    def test_a_stream_can_be_read_in_pieces_and_left_early(self, blobs: Blobs) -> None:
        blobs.put(KEY, b"line one\nline two\n" + bytes(MIB), "audio/mpeg")

        with blobs.open(KEY) as stream:
            assert stream.readline() == b"line one\n"
            assert stream.read(4) == b"line"

        assert read(blobs, length=4) == b"line"

    def test_the_size_is_known_and_none_for_what_is_not_there(self, blobs: Blobs) -> None:
        assert blobs.size(KEY) is None

        blobs.put(KEY, b"spoken", "audio/mpeg")

        assert blobs.size(KEY) == 6
        assert blobs.size("t/local/results/speech_1") is None

    def test_a_missing_object_is_said_to_be_missing(self, blobs: Blobs) -> None:
        with pytest.raises(BlobMissing, match="no object 't/local/nothing'"):
            read(blobs, "t/local/nothing")

        blobs.put(KEY, b"spoken", "audio/mpeg")

        for key in ("t/local/nothing", "t/local/results/speech_1", KEY + "/below"):
            with pytest.raises(BlobMissing):
                read(blobs, key)
            with pytest.raises(BlobMissing):
                read(blobs, key, offset=3, length=0)

    def test_a_missing_file_is_no_fault_of_the_store(self, blobs: Blobs, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            blobs.put(KEY, tmp_path / "nothing", "audio/mpeg")

    def test_a_store_that_works_passes_its_check(self, blobs: Blobs) -> None:
        blobs.check()


class TestDeleting:
    def test_a_deleted_object_is_gone_and_may_be_deleted_again(self, blobs: Blobs) -> None:
        blobs.delete(KEY)
        blobs.put(KEY, b"spoken", "audio/mpeg")

        blobs.delete(KEY)
        blobs.delete(KEY)

        assert blobs.size(KEY) is None

    def test_a_prefix_takes_what_is_under_it_and_nothing_else(self, blobs: Blobs) -> None:
        for key in ("t/a/results/1/1.mp3", "t/a/results/1/2.mp3", "t/a/results/1/deep/3", "t/a/results/12/1.mp3", "t/a/inputs/1"):
            blobs.put(key, b"x", "audio/mpeg")

        assert blobs.delete_prefix("t/a/results/1/") == 3

        assert blobs.size("t/a/results/1/deep/3") is None
        assert read(blobs, "t/a/results/12/1.mp3") == read(blobs, "t/a/inputs/1") == b"x"
        assert blobs.delete_prefix("t/a/results/1/") == 0
        assert blobs.delete_prefix("t/nobody/") == 0

    def test_more_objects_than_a_listing_holds_are_all_deleted(self, blobs: Blobs) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: blobs.put(f"t/a/plans/{n}", b"x", "text/plain"), range(1050)))

        assert blobs.delete_prefix("t/a/plans/") == 1050
        assert blobs.size("t/a/plans/1049") is None

    def test_a_prefix_without_its_slash_is_refused(self, blobs: Blobs) -> None:
        with pytest.raises(ValueError, match="ends in a slash"):
            blobs.delete_prefix("t/a")


class TestLargeAndMany:
    def test_a_large_file_goes_through_in_little_memory(self, blobs: Blobs, tmp_path: Path) -> None:
        file = tmp_path / "book.flac"
        file.write_bytes(os.urandom(MIB) * 40)
        digest = hashlib.sha256()
        blobs.check()  # what a first use imports and opens is not counted
        tracemalloc.start()
        try:
            stored = blobs.put(KEY, file, "audio/flac")
            with blobs.open(KEY) as stream:
                while chunk := stream.read(MIB):
                    digest.update(chunk)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert stored.bytes == blobs.size(KEY) == 40 * MIB
        assert digest.hexdigest() == stored.sha256
        assert peak_bytes < 16 * MIB
        blobs.delete(KEY)

    def test_a_range_of_a_large_file_comes_from_its_middle(self, blobs: Blobs, tmp_path: Path) -> None:
        content = os.urandom(MIB) * 20
        file = tmp_path / "book.flac"
        file.write_bytes(content)
        blobs.put(KEY, file, "audio/flac")

        assert read(blobs, KEY, 9 * MIB - 5, MIB + 10) == content[9 * MIB - 5:10 * MIB + 5]
        blobs.delete(KEY)

    def test_many_may_put_at_once(self, blobs: Blobs) -> None:
        def put_and_read(n: int) -> bool:
            content = bytes([n]) * 50_000
            blobs.put(f"t/local/segments/{n:02x}", content, "audio/flac")
            return read(blobs, f"t/local/segments/{n:02x}") == content

        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(put_and_read, range(64)))

    def test_of_many_who_put_the_same_object_one_wins_whole(self, blobs: Blobs) -> None:
        with ThreadPoolExecutor(8) as threads:
            stored = list(threads.map(lambda n: blobs.put(KEY, bytes([n]) * 300_000, "audio/mpeg"), range(16)))

        assert sha256(read(blobs)) in {each.sha256 for each in stored}


class TestUrls:
    def test_a_url_downloads_the_object_under_its_name_and_type(self, store: Store) -> None:
        store.blobs.put(KEY, b"spoken", "application/octet-stream")

        answer = store.download(store.blobs.url(KEY, ttl_s=60, filename="speech_1.mp3", content_type="audio/mpeg"))

        assert (answer.status, answer.content) == (200, b"spoken")
        assert answer.headers["content-type"] == "audio/mpeg"
        assert answer.headers["content-disposition"] == 'attachment; filename="speech_1.mp3"'

    def test_a_url_tampered_with_in_any_part_is_refused(self, store: Store) -> None:
        store.blobs.put(KEY, b"spoken", "audio/mpeg")
        store.blobs.put("t/local/results/speech_2/1.mp3", b"of somebody else", "audio/mpeg")
        url = store.blobs.url(KEY, ttl_s=60, filename="named.mp3", content_type="audio/mpeg")

        for tampered in (
            url.replace("speech_1/1.mp3", "speech_2/1.mp3"),
            url.replace("named.mp3", "other.exe"),
            url.replace("audio%2Fmpeg", "text%2Fhtml"),
            url.replace("Expires=60", "Expires=6000").replace("expires=1", "expires=2"),
            url[:-1] + ("0" if url[-1] != "0" else "1"),
        ):
            assert tampered != url
            assert store.download(tampered).status == 403, tampered

    def test_a_url_without_its_query_is_refused(self, store: Store) -> None:
        store.blobs.put(KEY, b"spoken", "audio/mpeg")
        url = store.blobs.url(KEY, ttl_s=60, filename="speech_1.mp3", content_type="audio/mpeg")

        assert store.download(url.partition("?")[0]).status in (400, 403)  # rclone: 400

    def test_an_expired_url_is_refused(self, store: Store) -> None:
        store.blobs.put(KEY, b"spoken", "audio/mpeg")
        url = store.blobs.url(KEY, ttl_s=1, filename="speech_1.mp3", content_type="audio/mpeg")

        store.wait(2.1)

        assert store.download(url).status == store.expired_status
        another = store.blobs.url(KEY, ttl_s=60, filename="speech_1.mp3", content_type="audio/mpeg")
        assert store.download(another).status == 200

    def test_a_url_signed_with_another_secret_is_refused(self, store: Store) -> None:
        store.blobs.put(KEY, b"spoken", "audio/mpeg")

        url = store.open_as_impostor().url(KEY, ttl_s=60, filename="speech_1.mp3", content_type="audio/mpeg")

        assert store.download(url).status == 403


@pytest.mark.parametrize("server", [name for name in STORES if name != "folder"])
class TestServers:
    @pytest.fixture
    def s3(self, server: str, request: pytest.FixtureRequest) -> Store:
        return s3_store(request.getfixturevalue(f"{server}_server"))

    def test_a_wrong_secret_is_storage_that_cannot_be_used(self, s3: Store, tmp_path: Path) -> None:
        s3.blobs.put(KEY, b"spoken", "audio/mpeg")
        file = tmp_path / "book.flac"
        file.write_bytes(bytes(10 * MIB))

        impostor = s3.open_as_impostor()
        for call in every_call(impostor, file):
            with pytest.raises(BlobsUnavailable, match="HTTP 403") as refused:
                call()
            assert SOMEBODY_ELSES_SECRET not in str(refused.value)

        assert read(s3.blobs) == b"spoken"

    def test_a_large_file_makes_the_bucket_too(self, s3: Store, tmp_path: Path) -> None:
        file = tmp_path / "book.flac"
        file.write_bytes(bytes(10 * MIB))

        assert s3.blobs.put(KEY, file, "audio/flac").bytes == s3.blobs.size(KEY) == 10 * MIB

    def test_many_who_find_the_bucket_missing_make_it_once(self, s3: Store) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: s3.blobs.put(f"t/local/inputs/{n}", b"text", "text/plain"), range(8)))

        assert s3.blobs.delete_prefix("t/local/inputs/") == 8

    def test_storage_that_was_away_is_used_again_when_it_is_back(self, s3: Store, server: str,
                                                                 request: pytest.FixtureRequest) -> None:
        running = request.getfixturevalue(f"{server}_server")
        s3.blobs.put(KEY, b"spoken", "audio/mpeg")

        running.kill()
        try:
            with pytest.raises(BlobsUnavailable, match="nothing answers there"):
                s3.blobs.put(KEY, b"lost", "audio/mpeg")
        finally:
            running.restart()

        assert read(s3.blobs) == b"spoken"
