"""GET /v1/audio/books[/{id}]: what a book says of itself while it is made, waiting for it, and lists."""

import threading
import time

from speechmill.store import verbs
from speechmill.store.verbs import Submission
from tests.contract.store.conftest import Mill
from tests.e2e.books.conftest import BOOKS, Shop, refused


def test_a_book_tells_of_its_chapters_as_they_are_made(shop: Shop) -> None:
    book_id = shop.order(dry_run=None)["id"]
    shop.press.read_book(window=1)
    shop.press.plan_chapter()
    shop.press.speak()
    shop.press.speak(cached=True)

    book = shop.look(book_id)
    assert (book["status"], book["progress"], book["title"], book["authors"]) == ("in_progress", 50, "A Book", ["Ann Author"])
    assert (book["characters"], book["words"], book["estimated_seconds"]) == (2000, 400, 140.0)
    assert book["segments"] == {"total": 2, "completed": 2, "flagged": 0, "cached": 1}
    assert (book["cached_share"], book["retries"], book["warnings"]) == (0.5, 0, ["one was odd"])
    assert book["eta_seconds"] > 0
    left_out, first, second = book["chapters"]
    assert (left_out["included"], left_out["reason"], left_out["status"]) == (False, "a copyright page", None)
    assert (first["number"], first["title"], first["matter"], first["source"]) == (2, "Chapter One", "body", "lines 3-9")
    assert (first["included"], first["status"], first["progress"], first["files"]) == (True, "in_progress", 99, {})
    assert first["segments"] == {"total": 2, "completed": 2, "flagged": 0, "cached": 1}
    assert (second["status"], second["segments"]["total"], second["duration_seconds"]) == ("queued", 0, None)

    shop.press.join()
    first = shop.look(book_id)["chapters"][1]
    assert (first["status"], first["progress"], first["duration_seconds"]) == ("completed", 100, 70.5)
    assert list(first["files"]) == ["m4a"]
    assert shop.http.get(first["files"]["m4a"]).status_code == 302
    assert shop.http.get(first["segments_url"]).status_code == 200


def test_a_finished_book_lists_its_files(shop: Shop) -> None:
    book = shop.look(shop.made())
    assert (book["status"], book["progress"], book["error"], book["eta_seconds"]) == ("completed", 100, None, None)
    assert book["completed_at"] >= book["started_at"] >= book["created_at"]
    assert book["duration_seconds"] == 70.5
    assert list(book["output"]) == ["m4b", "vtt", "srt", "manifest", "report"]
    m4b = book["output"]["m4b"]
    whole = shop.http.get(m4b["url"])
    assert (len(whole.content), whole.headers["content-type"]) == (m4b["bytes"], m4b["content_type"])


def test_a_dry_run_says_what_would_be_made(shop: Shop) -> None:
    book_id = shop.order(dry_run=True)["id"]
    shop.press.read_book()
    book = shop.look(book_id)
    assert (book["status"], book["dry_run"], book["output"], book["words"]) == ("completed", True, None, 400)
    assert [chapter["included"] for chapter in book["chapters"]] == [False, True, True]
    assert [chapter["status"] for chapter in book["chapters"]] == [None, None, None]
    refused(shop.http.get(f"{BOOKS}/{book_id}/content"), 409, "book_not_made", "rerender")
    refused(shop.http.get(f"{BOOKS}/{book_id}/chapters/2/segments"), 404, "chapter_left_out", "only planned")


def test_a_book_that_cannot_be_read_says_why(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.fail()
    book = shop.look(book_id)
    assert (book["status"], book["error"]["code"], book["chapters"]) == ("failed", "voice_failed", [])
    refused(shop.http.get(f"{BOOKS}/{book_id}/chapters/1/content"), 404, "chapter_not_found")


def test_an_etag_changes_with_the_book_and_with_each_chapter(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.read_book(window=1)
    shop.press.plan_chapter()
    shop.press.speak()
    shop.press.speak()
    url = f"{BOOKS}/{book_id}"
    tag = shop.http.get(url).headers["etag"]
    assert shop.http.get(url, headers={"If-None-Match": tag}).status_code == 304
    shop.press.join()
    changed = shop.http.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_who_waits_is_woken_by_a_chapter_and_by_the_end(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.read_book(window=1)
    shop.press.make_chapter()
    shop.press.plan_chapter()
    shop.press.speak()
    shop.press.speak()
    tag = shop.http.get(f"{BOOKS}/{book_id}").headers["etag"]
    for step, headers in ((shop.press.join, {"If-None-Match": tag}), (shop.press.bind, {})):
        later = threading.Timer(0.5, step)
        later.start()
        begun = time.monotonic()
        answer = shop.http.get(f"{BOOKS}/{book_id}", headers={"Prefer": "wait=40", **headers})
        later.join()
        assert answer.status_code == 200
        assert answer.headers["preference-applied"] == "wait=40"
        assert time.monotonic() - begun < 35, "it was not woken, but had waited long enough"
    assert answer.json()["status"] == "completed"


def test_lists_have_pages_and_filters_and_no_chapters(shop: Shop) -> None:
    done = shop.made()
    waiting = [shop.order()["id"] for _ in range(2)]
    first = shop.http.get(BOOKS, params={"limit": 2}).json()
    assert [book["id"] for book in first["data"]] == waiting[::-1]
    assert (first["object"], first["first_id"], first["last_id"], first["has_more"]) == ("list", waiting[1], waiting[0], True)
    second = shop.http.get(BOOKS, params={"limit": 2, "after": first["last_id"]}).json()
    assert ([book["id"] for book in second["data"]], second["has_more"]) == ([done], False)
    (book,) = shop.http.get(BOOKS, params={"status": "completed", "order": "asc"}).json()["data"]
    assert (book["id"], book["title"], book["chapters"], book["chapters_omitted"]) == (done, "A Book", [], True)
    for name, value in (("limit", "0"), ("order", "up"), ("status", "gone"), ("after", "book_x")):
        assert refused(shop.http.get(BOOKS, params={name: value}), 400, "invalid_value")["param"] == name


def test_a_book_that_is_not_there_and_another_tenants_is_404(shop: Shop) -> None:
    theirs = order_of_another_tenant(shop.press.mill, shop.made())
    for book_id in ("book_none", theirs, f"{theirs}.1", "book_../x", "BOOK_1"):
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", ""), ("GET", "/content"),
                             ("GET", "/chapters/1/content"), ("GET", "/chapters/1/segments"), ("POST", "/rerender"),
                             ("POST", "/chapters/1/segments/0/regenerate")):
            answer = shop.http.request(method, f"{BOOKS}/{book_id}{path}")
            assert answer.status_code == 404, (method, book_id, path, answer.text)
    look = shop.press.mill.look(theirs, "somebody")
    assert look.status == "queued"
    assert theirs not in [book["id"] for book in shop.http.get(BOOKS).json()["data"]]


def order_of_another_tenant(mill: Mill, like: str) -> str:
    """The same book, ordered by somebody else."""
    from speechmill.book import BookSpec

    job = mill.look(like)
    mill.store.run(verbs.submit(Submission(
        job_id="book_theirs", tenant="somebody", spec=BookSpec.model_validate(job.spec), phase=job.phase.PLAN, characters=10,
        text="{}", input_key="", request_id="req_1", fingerprint="print")))
    return "book_theirs"


def test_all_routes_of_books_are_in_the_openapi_document(shop: Shop) -> None:
    paths = shop.http.get("/openapi.json").json()["paths"]
    of_books = {path: set(methods) for path, methods in paths.items() if path.startswith(BOOKS)}
    one, chapter = BOOKS + "/{book_id}", BOOKS + "/{book_id}/chapters/{number}"
    assert of_books == {
        BOOKS: {"get", "post"}, one: {"get", "delete"}, f"{one}/cancel": {"post"}, f"{one}/retry": {"post"},
            f"{one}/events": {"get"},
        f"{one}/rerender": {"post"}, f"{one}/content": {"get", "head"}, f"{chapter}/content": {"get", "head"},
        f"{chapter}/segments": {"get"}, f"{chapter}/segments/{{segment}}/regenerate": {"post"}}
    bodies = paths[BOOKS]["post"]["requestBody"]["content"]
    assert set(bodies) == {"application/json", "multipart/form-data"}
    assert {"file", "cast", "lexicon", "voice"} <= set(bodies["multipart/form-data"]["schema"]["properties"])
