"""The files of a book and of its chapters: by a redirect to a signed URL, or through the producer."""

import asyncio
import time
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from producer.books.find import Found, find_book, find_chapter
from producer.books.openapi import BOOK_CONTENT, CHAPTER_CONTENT
from producer.content import object_response
from producer.desk import Desk, desk_of, tenant_of
from speechmill.book import BookSpec
from speechmill.book_view import BOOKS_PATH, CHAPTER_FILES, TEXTS, book_files, chapter_files, file_name
from speechmill.errors import Conflict, Gone, NotFound
from speechmill.job import OutputFile, Status
from speechmill.view import file_url, has_expired

router = APIRouter(prefix=BOOKS_PATH + "/{book_id}")


@router.api_route("/content", methods=["GET", "HEAD"], **BOOK_CONTENT)
async def book_content(request: Request, book_id: str) -> Response:
    desk = desk_of(request)
    found = await find_book(desk, book_id, tenant_of(request))
    book, spec = found.book, BookSpec.model_validate(found.book.spec)
    name = request.query_params.get("format", spec.formats[0])
    _refuse_what_was_not_asked_for(name, (*spec.formats, *TEXTS))
    if book.status is not Status.COMPLETED:
        raise Conflict(f"The book is {book.status}; its files are there when it is completed.", code="book_not_completed",
                       job_id=book.id)
    if book.output is None:
        raise Conflict("The book was only planned (dry_run); rerender makes it.", code="book_not_made", job_id=book.id)
    _refuse_if_expired(found)
    return await _download(desk, request, _file(name, book_files(book)), file_name(book.id, name))


@router.api_route("/chapters/{number}/content", methods=["GET", "HEAD"], **CHAPTER_CONTENT)
async def chapter_content(request: Request, book_id: str, number: str) -> Response:
    """There as soon as the chapter is done, however far the others are."""
    desk = desk_of(request)
    found = await find_book(desk, book_id, tenant_of(request))
    chapter = find_chapter(found, number)
    spec = BookSpec.model_validate(found.book.spec)
    asked = tuple(CHAPTER_FILES[each] for each in spec.formats if each in CHAPTER_FILES)
    files = chapter_files(chapter.made)
    name = request.query_params.get("format", next(iter((*asked, *files)), ""))
    _refuse_what_was_not_asked_for(name, (*asked, *(each for each in files if each not in asked)))
    if chapter.made.status is not Status.COMPLETED:
        raise Conflict(f"Chapter {number} is {chapter.made.status}; its files are there when it is completed.",
                       code="chapter_not_completed", job_id=found.book.id)
    _refuse_if_expired(found)
    return await _download(desk, request, _file(name, files), file_name(found.book.id, name, chapter.listed.number))


async def _download(desk: Desk, request: Request, file: OutputFile, name: str) -> Response:
    if desk.settings.blobs.delivery == "proxy":
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return await object_response(desk, request, file.key, file.bytes, file.content_type, headers)
    url = await asyncio.to_thread(file_url, file, name, desk.viewpoint(request))
    return RedirectResponse(url, status_code=302, headers={"Cache-Control": "no-store"})


def _refuse_what_was_not_asked_for(name: str, there: tuple[str, ...]) -> None:
    if name not in there:
        raise NotFound(f"There is no {name[:40] or 'file'} of it; there {'are' if there else 'is'} {', '.join(there) or 'none'}.",
                       param="format", code="format_not_found")


def _file(name: str, files: Mapping[str, OutputFile]) -> OutputFile:
    if name not in files:
        raise NotFound(f"No {name} was made; there are {', '.join(files)}.", param="format", code="format_not_found")
    return files[name]


def _refuse_if_expired(found: Found) -> None:
    if has_expired(found.book, time.time()):
        raise Gone("The book's files have expired.", job_id=found.book.id)
