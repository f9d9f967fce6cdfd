"""Cancel, retry and delete a book."""

from speechmill.blobs.seam import source_key
from speechmill.tasks import KEY_PREFIX
from tests.e2e.books.conftest import BOOKS, Shop, refused


def test_a_cancelled_book_is_made_no_further(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.read_book(window=1)
    shop.press.make_chapter()
    answer = shop.post(f"{book_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert [chapter["status"] for chapter in answer.json()["chapters"]] == [None, "completed", "cancelled"]
    assert shop.press.mill.nothing_to_claim()
    assert shop.http.get(f"{BOOKS}/{book_id}/chapters/2/content").status_code == 302
    refused(shop.post(f"{book_id}/cancel"), 409, "book_already_ended")
    refused(shop.post(f"{book_id}/rerender", {}), 409, "book_not_finished", "cancelled")


def test_retry_makes_the_chapter_that_failed(shop: Shop) -> None:
    book_id = shop.order()["id"]
    refused(shop.post(f"{book_id}/retry"), 409, "book_not_failed", "queued")
    shop.press.read_book(window=1)
    shop.press.plan_chapter()
    shop.press.speak()
    shop.press.speak()
    shop.press.fail()
    shop.press.make_chapter()
    book = shop.look(book_id)
    assert (book["status"], book["chapters"][1]["status"], book["chapters"][1]["error"]["code"]) == (
        "failed", "failed", "voice_failed")
    answer = shop.post(f"{book_id}/retry")
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (200, "in_progress", None)
    shop.press.join()
    shop.press.bind()
    assert shop.look(book_id)["status"] == "completed"


def test_a_book_that_could_not_be_read_is_read_again_as_long_as_its_file_is_kept(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.fail()
    assert shop.post(f"{book_id}/retry").json()["status"] == "queued"
    shop.press.fail()
    key = source_key("local", shop.press.mill.look(book_id).spec["source"]["sha256"])
    shop.press.blobs.delete(key)
    refused(shop.post(f"{book_id}/retry"), 410, "content_expired", "send it again")


def test_a_failed_book_that_expired_cannot_be_retried(shop: Shop) -> None:
    book_id = shop.order()["id"]
    shop.press.fail()
    shop.press.mill.store.redis.hset(f"{KEY_PREFIX}job:{book_id}", "expires", 1)
    refused(shop.post(f"{book_id}/retry"), 410, "content_expired")


def test_a_deleted_book_leaves_nothing_but_the_file_it_was_made_from(shop: Shop) -> None:
    book_id = shop.order(lexicon={f"word{n}": f"said {n}" for n in range(2000)})["id"]
    refused(shop.http.delete(f"{BOOKS}/{book_id}"), 409, "book_not_ended", "cancel it first")
    shop.press.make_book()
    assert len(shop.press.objects(book_id)) > 10
    answer = shop.http.delete(f"{BOOKS}/{book_id}")
    assert (answer.status_code, answer.json()) == (200, {"id": book_id, "object": "audio.book.deleted", "deleted": True})
    assert shop.press.objects(book_id) == []
    assert not [key for key in shop.press.mill.store.redis.scan_iter(KEY_PREFIX + "job:*") if book_id in str(key)]
    refused(shop.http.get(f"{BOOKS}/{book_id}"), 404, "book_not_found")
    assert [each.key.split("/")[2] for each in shop.press.blobs.page("t/").objects if "sources" in each.key]
