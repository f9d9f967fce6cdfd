"""The archive is a zip like any other, whatever reads it."""

import io
import random
import zipfile
from pathlib import Path

from worker.batch.archive import Archive


def archive_of(members: dict[str, bytes], folder: Path) -> Path:
    path = folder / "a.zip"
    with path.open("w+b") as file, (folder / "directory").open("w+b") as directory:
        archive = Archive(file, directory)
        for name, content in members.items():
            archive.add(name, io.BytesIO(content))
        archive.close()
    return path


def test_what_was_put_in_comes_out_under_its_name(tmp_path: Path) -> None:
    draw = random.Random(1)
    members = {"a.mp3": draw.randbytes(3_000_000), "leer.wav": b"", "höhe 東京.flac": b"x", "b.jsonl": b"{}\n"}
    with zipfile.ZipFile(archive_of(members, tmp_path)) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == members
        assert all(info.compress_type == zipfile.ZIP_STORED for info in read.infolist())


def test_one_without_members_is_an_archive_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(archive_of({}, tmp_path)) as read:
        assert read.namelist() == []


def test_more_members_than_a_plain_zip_can_count(tmp_path: Path) -> None:
    members = {f"{n}.mp3": b"%d" % n for n in range(66_000)}
    with zipfile.ZipFile(archive_of(members, tmp_path)) as read:
        assert len(read.namelist()) == 66_000
        assert read.read("65999.mp3") == b"65999"


def test_a_member_beyond_the_first_four_gigabytes_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("w+b") as file, (tmp_path / "directory").open("w+b") as directory:
        archive = Archive(file, directory)
        archive.add("first.mp3", io.BytesIO(b"first"))
        file.seek(2**32 + 10)  # a hole: it takes no room on disk
        archive.add("far.mp3", io.BytesIO(b"far"))
        archive.close()
    with zipfile.ZipFile(path) as read:
        assert (read.read("first.mp3"), read.read("far.mp3")) == (b"first", b"far")


def test_the_same_members_give_the_same_archive(tmp_path: Path) -> None:
    members = {"a.mp3": b"a", "b.mp3": b"b"}
    assert archive_of(members, tmp_path).read_bytes() == archive_of(members, tmp_path).read_bytes()
