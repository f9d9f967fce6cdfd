"""What only the folder store has to promise: nothing half-written, nothing outside its folder, URLs that it checks itself."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as pace
from hypothesis import strategies as st
from pydantic import SecretStr

from speechmill.blobs.choose import open_blobs
from speechmill.blobs.download import Download
from speechmill.blobs.folder import ABANDONED_AFTER_S, PARTIAL, FolderBlobs
from speechmill.blobs.signing import signed_path, verify
from speechmill.errors import BlobMissing, BlobsUnavailable, Forbidden
from speechmill.settings import BadSettings, BlobSettings, S3Settings, Settings
from tests.contract.stores import KEY, SECRET, read

MIB = 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def blobs(folder: Path) -> FolderBlobs:
    return FolderBlobs(folder, SECRET)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@contextmanager
def disk_that_holds(n_bytes: int) -> Iterator[None]:
    """The kernel refuses to let a file of this process grow further, halfway through a write as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestWriting:
    def test_a_full_disk_leaves_nothing_half_written(self, blobs: FolderBlobs, folder: Path) -> None:
        with disk_that_holds(MIB + 5), pytest.raises(BlobsUnavailable, match="is full"):
            blobs.put(KEY, os.urandom(4 * MIB), "audio/mpeg")

        assert files(folder) == []
        assert blobs.size(KEY) is None

    def test_a_full_disk_keeps_the_object_that_was_to_be_replaced(self, blobs: FolderBlobs) -> None:
        blobs.put(KEY, b"the old one", "audio/mpeg")

        with disk_that_holds(MIB), pytest.raises(BlobsUnavailable):
            blobs.put(KEY, os.urandom(4 * MIB), "audio/mpeg")

        assert read(blobs) == b"the old one"

    def test_a_reader_sees_one_object_or_the_other_never_a_mixture(self, blobs: FolderBlobs) -> None:
        contents = [bytes([n]) * (200_000 + n) for n in range(4)]
        blobs.put(KEY, contents[0], "audio/mpeg")
        done = threading.Event()

        def overwrite() -> None:
            for n in range(60):
                blobs.put(KEY, contents[n % 4], "audio/mpeg")
            done.set()

        with ThreadPoolExecutor(1) as threads:
            writing = threads.submit(overwrite)
            n_reads = 0
            while not done.is_set() or not n_reads:
                assert read(blobs) in contents
                n_reads += 1
            writing.result()

    def test_an_object_that_is_being_read_may_be_replaced_and_deleted(self, blobs: FolderBlobs) -> None:
        blobs.put(KEY, b"a" * MIB, "audio/mpeg")

        with blobs.open(KEY) as stream:
            start = stream.read(10)
            blobs.put(KEY, b"b" * MIB, "audio/mpeg")
            blobs.delete(KEY)
            assert start + stream.read() == b"a" * MIB

    def test_what_a_dead_process_left_is_cleared_after_a_day(self, blobs: FolderBlobs, folder: Path) -> None:
        left = folder / PARTIAL / "left"
        left.write_bytes(b"half of an obj")
        written_s = left.stat().st_mtime

        FolderBlobs(folder, SECRET, lambda: written_s + ABANDONED_AFTER_S - 60)
        assert left.exists()

        FolderBlobs(folder, SECRET, lambda: written_s + ABANDONED_AFTER_S + 60)
        assert not left.exists()

    def test_a_folder_that_cannot_be_made_is_storage_that_cannot_be_used(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")

        with pytest.raises(BlobsUnavailable, match="can't be used: Not a directory"):
            FolderBlobs(tmp_path / "file" / "objects", SECRET)

    def test_a_folder_that_vanished_is_made_again(self, blobs: FolderBlobs, folder: Path) -> None:
        (folder / PARTIAL).rmdir()
        folder.rmdir()

        blobs.put(KEY, b"spoken", "audio/mpeg")

        assert read(blobs) == b"spoken"


class TestKeys:
    @pytest.mark.parametrize("key", [
        "../secret", "t/../../secret", "t/..", "..", ".", "/etc/passwd", "t//1", "t/1/", "", "t/./1", "t/\0", f"{PARTIAL}/1"])
    def test_a_key_that_would_leave_the_folder_is_refused(self, blobs: FolderBlobs, folder: Path, key: str) -> None:
        (folder.parent / "secret").write_bytes(b"not an object")

        with pytest.raises(ValueError, match="not an object key"):
            blobs.put(key, b"x", "text/plain")
        with pytest.raises(ValueError, match="not an object key"):
            read(blobs, key)
        with pytest.raises(ValueError, match="not an object key"):
            blobs.size(key)
        with pytest.raises(ValueError, match="not an object key"):
            blobs.delete(key)
        assert (folder.parent / "secret").read_bytes() == b"not an object"

    @pytest.mark.parametrize("prefix", ["../", "t/../../", "/", "//", "./", f"{PARTIAL}/"])
    def test_a_prefix_that_would_leave_the_folder_is_refused(self, blobs: FolderBlobs, prefix: str) -> None:
        with pytest.raises(ValueError, match="not an object key"):
            blobs.delete_prefix(prefix)

    @pace(deadline=None)  # a loaded machine may take its time
    @given(key=st.text(max_size=40))
    def test_no_key_is_ever_a_path_outside_the_folder(self, tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
        folder = tmp_path_factory.getbasetemp() / "any-key"
        blobs = FolderBlobs(folder, SECRET)
        before = set(folder.parent.iterdir())

        try:
            blobs.put(key, b"x", "text/plain")
        except (ValueError, BlobsUnavailable):
            return

        assert read(blobs, key) == b"x"
        blobs.delete(key)
        assert set(folder.parent.iterdir()) == before


class TestFolders:
    def test_folders_go_with_their_last_object(self, blobs: FolderBlobs, folder: Path) -> None:
        blobs.put("t/a/results/1/1.mp3", b"x", "audio/mpeg")
        blobs.put("t/a/results/2/1.mp3", b"x", "audio/mpeg")

        blobs.delete("t/a/results/1/1.mp3")
        assert sorted(path.name for path in (folder / "t/a/results").iterdir()) == ["2"]

        blobs.delete_prefix("t/a/results/2/")
        assert sorted(path.name for path in folder.iterdir()) == [PARTIAL]

    def test_a_put_survives_the_deletion_of_its_neighbours(self, blobs: FolderBlobs) -> None:
        def come_and_go(n: int) -> None:
            for _ in range(40):
                blobs.put(f"t/a/results/1/{n}", b"x", "audio/mpeg")
                blobs.delete(f"t/a/results/1/{n}")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(come_and_go, range(8)))

    def test_what_is_under_an_object_is_missing_not_broken(self, blobs: FolderBlobs) -> None:
        blobs.put("t/a", b"x", "text/plain")

        assert blobs.size("t/a/b") is None
        blobs.delete("t/a/b")
        with pytest.raises(BlobMissing):
            read(blobs, "t/a/b")
        assert blobs.delete_prefix("t/a/") == 0


class TestUrls:
    DOWNLOAD = Download(KEY, "speech_1.mp3", "audio/mpeg")

    def test_a_refusal_says_whether_the_url_was_altered_or_is_too_old(self) -> None:
        query = dict(parse_qsl(urlsplit(signed_path(self.DOWNLOAD, 1_700_000_000, SECRET)).query))

        assert verify(KEY, query, SECRET, 1_699_999_999.9) == self.DOWNLOAD
        with pytest.raises(Forbidden, match=r"expired at 2023-11-14 22:13:20 UTC") as expired:
            verify(KEY, query, SECRET, 1_700_000_000)
        assert (expired.value.public_code, expired.value.http_status) == ("url_expired", 403)
        with pytest.raises(Forbidden, match="was altered") as altered:
            verify(KEY + "x", query, SECRET, 1_800_000_000)
        assert altered.value.public_code == "url_altered"

    @pytest.mark.parametrize("part", ["expires", "filename", "type", "signature"])
    def test_a_url_without_one_of_its_parts_is_altered(self, part: str) -> None:
        query = dict(parse_qsl(urlsplit(signed_path(self.DOWNLOAD, 1_700_000_000, SECRET)).query))
        del query[part]

        with pytest.raises(Forbidden, match="was altered or is incomplete"):
            verify(KEY, query, SECRET, 0)

    @pace(deadline=None)  # a loaded machine may take its time
    @given(key=st.text(), query=st.fixed_dictionaries({name: st.text() for name in ("expires", "filename", "type", "signature")}))
    def test_whatever_comes_in_a_forged_url_it_is_refused(self, key: str, query: dict[str, str]) -> None:
        with pytest.raises(Forbidden):
            verify(key, query, SECRET, 0)

    @pace(deadline=None)  # a loaded machine may take its time
    @given(type_=st.text(alphabet=st.characters(codec="utf-8")), expires=st.integers(0, 2**40))
    def test_whatever_is_signed_verifies(self, type_: str, expires: int) -> None:
        download = Download("t/ä ö/x+y&z?#%2F.mp3", "a.mp3", type_)
        parts = urlsplit("http://host" + signed_path(download, expires, SECRET))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))

        assert verify(download.key, query, SECRET, expires - 1) == download

    @pytest.mark.parametrize("filename", ['a".mp3', "a\r\nX: y", "../a.mp3", "Grüße.mp3", "", "a b.mp3", ".hidden"])
    def test_a_filename_that_would_need_escaping_is_refused(self, blobs: FolderBlobs, filename: str) -> None:
        with pytest.raises(ValueError, match="filename must be"):
            blobs.url(KEY, ttl_s=60, filename=filename, content_type="audio/mpeg")


class TestChoosing:
    def test_the_settings_choose_the_store(self, folder: Path, s3_settings: S3Settings) -> None:
        in_folder = Settings(blobs=BlobSettings(kind="folder", folder=folder, url_secret=SecretStr("x" * 16)))
        in_s3 = Settings(blobs=BlobSettings(kind="s3"), s3=s3_settings)

        for settings in (in_folder, in_s3):
            chosen = open_blobs(settings)
            chosen.put(KEY, b"spoken", "audio/mpeg")
            assert read(chosen) == b"spoken"
        assert files(folder) == [folder / KEY]

    def test_a_short_url_secret_stops_the_boot(self, folder: Path) -> None:
        settings = Settings(blobs=BlobSettings(folder=folder, url_secret=SecretStr("x" * 15)))

        with pytest.raises(BadSettings, match="SPEECHMILL_BLOBS__URL_SECRET: must have at least 16 characters"):
            open_blobs(settings)

    def test_who_keeps_objects_in_a_folder_does_not_load_boto3(self, folder: Path) -> None:
        script = ("import sys; from pathlib import Path; from speechmill.blobs.choose import open_blobs;"
                  "from speechmill.settings import load_settings; open_blobs(load_settings()).check();"
                  "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)")

        subprocess.run([sys.executable, "-c", script], check=True, env={
            **os.environ, "SPEECHMILL_BLOBS__FOLDER": str(folder), "SPEECHMILL_BLOBS__URL_SECRET": "x" * 16})
