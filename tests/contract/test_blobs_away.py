"""Storage that is away, hangs, breaks off or talks nonsense is BlobsUnavailable, soon, and never a short object."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from speechmill.blobs.s3 import S3Blobs
from speechmill.blobs.s3_client import PATIENCE, Patience
from speechmill.errors import BlobMissing, BlobsUnavailable
from speechmill.settings import BadSettings, S3Settings
from tests.contract.fake_endpoint import Behaviour, deaf_endpoint, endpoint, reset, respond, say_nothing, send
from tests.contract.stores import KEY, every_call, read
from tests.services.program import free_port

SECRET = "s3cr3t-0f-th3-t3st"
ASKING_ONCE = Patience(connect_s=30, read_s=30, attempts=1)
"""For storage that answers, however busy this machine is."""
IMPATIENT = Patience(connect_s=30, read_s=0.3, attempts=1)
"""For storage that does not."""
OBJECT = b"0123456789" * 100_000


def blobs_at(url: str, patience: Patience = ASKING_ONCE) -> S3Blobs:
    return S3Blobs(S3Settings(endpoint_url=url, access_key_id=SecretStr("KEYID"), secret_access_key=SecretStr(SECRET)), patience)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "book.flac"
    path.write_bytes(bytes(9 * 1024 * 1024))  # above the size that goes in parts
    return path


def assert_every_call_fails(blobs: S3Blobs, file: Path, why: str) -> None:
    for call in every_call(blobs, file):
        with pytest.raises(BlobsUnavailable, match=why) as failure:
            call()
        assert failure.value.retryable
        assert SECRET not in str(failure.value)


class TestAway:
    def test_where_nothing_listens_every_call_fails_within_ten_seconds(self, file: Path) -> None:
        for call in every_call(blobs_at(f"http://127.0.0.1:{free_port()}", PATIENCE), file):
            start = time.monotonic()
            with pytest.raises(BlobsUnavailable, match=r"storage at 127\.0\.0\.1:\d+ can't be used: nothing answers there"):
                call()
            assert time.monotonic() - start < 10

    def test_where_connections_are_never_accepted_a_call_fails_within_ten_seconds(self) -> None:
        with deaf_endpoint() as url:
            blobs = blobs_at(url, PATIENCE)
            start = time.monotonic()
            with pytest.raises(BlobsUnavailable, match="does not accept connections"):
                blobs.check()
            assert time.monotonic() - start < 10

    def test_a_name_that_does_not_resolve_is_storage_that_is_away(self) -> None:
        with pytest.raises(BlobsUnavailable, match="nothing answers there"):
            blobs_at("http://storage.invalid:9000").check()  # RFC 6761: .invalid never resolves

    def test_a_storage_that_never_answers_is_left(self, file: Path) -> None:
        with endpoint(say_nothing) as storage:
            assert_every_call_fails(blobs_at(storage.url, IMPATIENT), file, "did not answer in time")

    def test_a_storage_that_hangs_up_without_an_answer_is_away(self, file: Path) -> None:
        with endpoint(reset) as storage:
            assert_every_call_fails(blobs_at(storage.url), file, "broke the connection off")

    @pytest.mark.parametrize("status", ["500 Internal Error", "503 Slow Down", "403 Forbidden", "507 Insufficient Storage"])
    def test_a_storage_that_refuses_is_named_with_its_status(self, file: Path, status: str) -> None:
        with endpoint(respond(f"HTTP/1.1 {status}\nContent-Length: 0\nConnection: close")) as storage:
            assert_every_call_fails(blobs_at(storage.url), file, f"HTTP {status[:3]}")

    def test_an_answer_that_is_no_http_is_storage_that_cannot_be_used(self, file: Path) -> None:
        with endpoint(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as storage:
            assert_every_call_fails(blobs_at(storage.url), file, "can't be used")

    def test_one_broken_answer_is_tried_again(self) -> None:
        answers = iter([reset, respond("HTTP/1.1 200 OK\nContent-Length: 7\nConnection: close")])

        with endpoint(lambda connection: next(answers)(connection)) as storage:
            assert blobs_at(storage.url, PATIENCE).size(KEY) == 7
            assert storage.n_requests == 2


HALF = f"HTTP/1.1 200 OK\nContent-Length: {len(OBJECT)}\nETag: \"e\"\nConnection: close"
HALF_OF_RANGE = f"HTTP/1.1 206 Partial Content\nContent-Range: bytes 3-{len(OBJECT) + 2}/2000000\n" + HALF.partition("\n")[2]


def then(*steps: Behaviour) -> Behaviour:
    return lambda connection: [step(connection) for step in steps]


@pytest.mark.parametrize("stops", [
    pytest.param(lambda _: None, id="closed"), pytest.param(reset, id="reset"), pytest.param(say_nothing, id="silent")])
class TestBrokenHalfway:
    def test_reading_all_fails(self, stops: Behaviour) -> None:
        with endpoint(then(send(HALF, OBJECT[:600_000]), stops)) as storage, pytest.raises(BlobsUnavailable):
            read(blobs_at(storage.url, IMPATIENT))

    def test_reading_a_range_fails(self, stops: Behaviour) -> None:
        with (endpoint(then(send(HALF_OF_RANGE, OBJECT[:600_000]), stops)) as storage, pytest.raises(BlobsUnavailable)):
            read(blobs_at(storage.url, IMPATIENT), KEY, 3, len(OBJECT))

    def test_reading_in_pieces_fails_where_it_broke_and_ever_after(self, stops: Behaviour) -> None:
        received = b""
        patience = Patience(connect_s=30, read_s=2, attempts=1)  # the beginning must come in time
        with (endpoint(then(send(HALF, OBJECT[:600_000]), stops)) as storage,
              blobs_at(storage.url, patience).open(KEY) as stream):
            with pytest.raises(BlobsUnavailable):  # noqa: PT012  which piece it is cannot be known
                while piece := stream.read(50_000):
                    received += piece
            for _ in range(3):
                with pytest.raises(BlobsUnavailable):
                    stream.read(1)

        assert received == OBJECT[:len(received)]
        assert len(received) <= 600_000


class TestNonsense:
    def test_a_listing_that_is_cut_off_deletes_nothing_and_says_so(self) -> None:
        listing = b"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>t/a"
        with (endpoint(respond("HTTP/1.1 200 OK\nContent-Length: 5000\nConnection: close", listing)) as storage,
              pytest.raises(BlobsUnavailable)):
            blobs_at(storage.url).delete_prefix("t/a/")

    def test_a_web_page_in_place_of_a_listing_is_not_an_empty_prefix(self) -> None:
        page = b"<!doctype html><html><head><title>Welcome</title><body><p>It works!"
        with (endpoint(respond(f"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: {len(page)}", page)) as storage,
              pytest.raises(BlobsUnavailable)):
            blobs_at(storage.url).delete_prefix("t/a/")

    def test_a_whole_object_in_place_of_a_range_is_refused(self) -> None:
        with (endpoint(respond("HTTP/1.1 200 OK\nContent-Length: 10\nConnection: close", b"0123456789")) as storage,
              pytest.raises(BlobsUnavailable, match="does not answer requests with Range")):
            read(blobs_at(storage.url), KEY, 3, 4)

    def test_an_object_whose_end_cannot_be_told_from_a_broken_connection_is_refused(self) -> None:
        with (endpoint(respond("HTTP/1.1 200 OK\nConnection: close", b"0123456789")) as storage,
              pytest.raises(BlobsUnavailable, match="without their length")):
            read(blobs_at(storage.url))

    def test_objects_that_the_storage_will_not_delete_are_not_counted_as_deleted(self) -> None:
        listing = b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>t/a/1</Key></Contents></ListBucketResult>"
        refusal = b"<DeleteResult><Error><Key>t/a/1</Key><Code>AccessDenied</Code></Error></DeleteResult>"
        answers = iter([respond(f"HTTP/1.1 200 OK\nContent-Length: {len(body)}\nConnection: close", body)
                        for body in (listing, refusal)])

        with (endpoint(lambda connection: next(answers)(connection)) as storage,
              pytest.raises(BlobsUnavailable, match="refused to delete 1 of 1 objects: AccessDenied")):
            blobs_at(storage.url).delete_prefix("t/a/")

    def test_a_web_server_that_knows_no_objects_is_not_a_storage_without_them(self) -> None:
        page = b"<html><title>404 Not Found</title></html>"
        with endpoint(respond(f"HTTP/1.1 404 Not Found\nContent-Length: {len(page)}\nConnection: close", page)) as server:
            blobs = blobs_at(server.url)
            for call in (blobs.check, lambda: read(blobs), lambda: blobs.delete(KEY), lambda: blobs.delete_prefix("t/a/")):
                with pytest.raises(BlobsUnavailable, match="HTTP 404"):
                    call()

    def test_a_redirect_is_told_however_deep_in_a_stack_the_storage_is_asked(self) -> None:
        head = "HTTP/1.1 301 Moved Permanently\nLocation: https://elsewhere.invalid/\nContent-Length: 0\nConnection: close"
        with endpoint(respond(head)) as storage:
            blobs = blobs_at(storage.url)

            def asked(depth: int) -> None:
                if depth:
                    return asked(depth - 1)
                return blobs.check()

            for depth in range(100, 130):  # the end of the stack is met in another place of botocore's each time
                with pytest.raises(BlobsUnavailable, match="redirects to another address"):
                    asked(depth)

    def test_a_storage_that_redirects_is_not_followed(self, file: Path) -> None:
        head = "HTTP/1.1 301 Moved Permanently\nLocation: https://elsewhere.invalid/\nContent-Length: 0\nConnection: close"
        with endpoint(respond(head)) as storage:
            assert_every_call_fails(blobs_at(storage.url), file, "redirects to another address")

    def test_a_missing_object_is_not_mistaken_for_missing_storage(self) -> None:
        body = b"<Error><Code>NoSuchKey</Code></Error>"
        with (endpoint(respond(f"HTTP/1.1 404 Not Found\nContent-Length: {len(body)}", body)) as storage,
              pytest.raises(BlobMissing)):
            read(blobs_at(storage.url))


class TestSettings:
    @pytest.mark.parametrize("setting", ["endpoint_url", "public_endpoint_url"])
    def test_an_endpoint_that_is_no_url_stops_the_boot(self, setting: str) -> None:
        settings = S3Settings(endpoint_url="http://127.0.0.1:9000").model_copy(update={setting: "127.0.0.1:9000"})

        with pytest.raises(BadSettings, match=f"SPEECHMILL_S3__{setting.upper()}: must be a URL"):
            S3Blobs(settings)

    def test_urls_are_signed_for_the_endpoint_that_clients_reach(self) -> None:
        settings = S3Settings(endpoint_url="http://storage.invalid:9000", public_endpoint_url="https://audio.example.org",
                              access_key_id=SecretStr("KEYID"), secret_access_key=SecretStr(SECRET))

        url = S3Blobs(settings).url(KEY, ttl_s=60, filename="speech_1.mp3", content_type="audio/mpeg")

        assert url.startswith(f"https://audio.example.org/speechmill/{KEY}?")
        assert SECRET not in url

    def test_a_password_in_the_endpoint_is_not_shown(self) -> None:
        with pytest.raises(BlobsUnavailable) as failure:
            blobs_at(f"http://user:{SECRET}@127.0.0.1:{free_port()}").check()

        assert SECRET not in str(failure.value)

    def test_without_credentials_the_error_says_which_settings_bring_them(self, monkeypatch: pytest.MonkeyPatch,
                                                                         tmp_path: Path) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        blobs = S3Blobs(S3Settings(endpoint_url="http://127.0.0.1:9000"))

        for call in (blobs.check, lambda: blobs.url(KEY, ttl_s=60, filename="a.mp3", content_type="audio/mpeg")):
            with pytest.raises(BlobsUnavailable, match="set SPEECHMILL_S3__ACCESS_KEY_ID"):
                call()


