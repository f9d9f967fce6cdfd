"""The plan step of a book: read the file, choose its chapters, and make each a job of its own."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from speechmill.blobs.seam import input_key, result_key, source_key
from speechmill.book import BookSpec, ChapterSpec, Contents, ListedChapter, Order
from speechmill.errors import InvalidRequest
from speechmill.request import SpeechSpec
from speechmill.store import books
from speechmill.store.books import NewChapter
from worker.book.chapter_text import ChapterText
from worker.book.content import Book, Chapter
from worker.book.listing import list_contents
from worker.book.read.apart import read_apart
from worker.book.read.casting import cast
from worker.book.retitle import retitled
from worker.book.segments import chapter_pieces, lexicon_of
from worker.inputs import job_text
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station
from worker.text.lexicon.lexicon import Lexicon


def divide(station: Station, lease: Lease) -> None:
    """Raises BookUnreadable, InvalidRequest, BlobMissing, BlobsUnavailable, Stopped."""
    spec = BookSpec.model_validate(lease.unit.spec)
    order = Order.model_validate_json(job_text(station, lease.unit))
    book = _edited(_book(station, lease, spec), order)
    lease.check()
    lexicon = Lexicon((*station.lexicons.of(lease.unit, spec).entries, *lexicon_of(order)))
    contents = list_contents(book, spec.include, cover_key=_keep_cover(station, lease, book, spec),
                             lexicon_key=_keep_lexicon(station, lease, lexicon))
    contents = contents.model_copy(update=_retitled(contents, spec))
    if spec.dry_run:
        contents, chapters = _counted(lease, book, contents, spec, lexicon), []
    else:
        edition = _edition(station, lease, contents, spec, order)
        chapters = [_chapter(station, lease, edition, listed, chapter)
                    for listed, chapter in zip(contents.chapters, book.chapters, strict=True) if listed.track]
    window = station.settings.worker.chapters_at_once
    station.ring(station.commit(lease, books.divided(lease.unit, contents, chapters, window=window)).bells)


def _book(station: Station, lease: Lease, spec: BookSpec) -> Book:
    with making(station.scratch) as folder:
        path = Path(folder) / "book"
        with station.blobs.open(source_key(lease.unit.tenant, spec.source.sha256)) as stream, path.open("wb") as file:
            shutil.copyfileobj(stream, file)
        lease.check()
        return read_apart(path, spec.source.name)


def _edited(book: Book, order: Order) -> Book:
    """Chapters with the text that the client has given them since, and with its heading."""
    chapters = list(book.chapters)
    for number, text in order.edits.items():
        if not 1 <= number <= len(chapters):
            raise InvalidRequest(f"edits names chapter {number}; this book has {len(chapters)}.", param=f"edits.{number}")
        spoken = cast(text, f"edits.{number}")
        chapter = chapters[number - 1]
        title = retitled(chapter.title, chapter.text, spoken.text)
        chapters[number - 1] = replace(chapter, title=title, text=spoken.text, castings=spoken.castings)
    return replace(book, chapters=tuple(chapters))


def _keep_cover(station: Station, lease: Lease, book: Book, spec: BookSpec) -> str:
    if not book.cover or spec.dry_run:
        return ""
    unit = lease.unit
    suffix = book.cover.content_type.rpartition("/")[2]
    key = result_key(unit.tenant, unit.job_id, unit.token, f"cover.{suffix}")
    station.upload(lease, key, book.cover.image, book.cover.content_type)
    return key


def _keep_lexicon(station: Station, lease: Lease, lexicon: Lexicon) -> str:
    """As one: what the tenant has of its own may change before the last chapter is cut."""
    if not lexicon:
        return ""
    unit = lease.unit
    key = result_key(unit.tenant, unit.job_id, unit.token, "lexicon")
    content = json.dumps([asdict(entry) for entry in lexicon.entries], ensure_ascii=False)
    station.upload(lease, key, content.encode(), "application/json")
    return key


def _retitled(contents: Contents, spec: BookSpec) -> dict[str, object]:
    """What the client says of the book is truer than what the file does."""
    title = spec.title or contents.title or Path(spec.source.name).stem
    return {"title": title, "authors": (spec.author,) if spec.author else contents.authors}


def _counted(lease: Lease, book: Book, contents: Contents, spec: BookSpec, lexicon: Lexicon) -> Contents:
    """With the number of segments of each chapter that would be made."""
    voiced = _voiced(spec, contents)
    counted = []
    for listed, chapter in zip(contents.chapters, book.chapters, strict=True):
        lease.check()
        text = ChapterText(chapter.text, chapter.castings)
        n_segments = len(chapter_pieces(text, voiced, lexicon)) if listed.track else None
        counted.append(listed.model_copy(update={"segments": n_segments}))
    return contents.model_copy(update={"chapters": tuple(counted)})


@dataclass(frozen=True)
class _Edition:
    """What all chapters of a book have in common."""

    contents: Contents
    spec: BookSpec
    order: Order
    previous: Mapping[int, str]      # chapter -> the job that made it in the revision before


def _edition(station: Station, lease: Lease, contents: Contents, spec: BookSpec, order: Order) -> _Edition:
    before = station.store.run(books.chapters(spec.revises, lease.unit.tenant)) if spec.revises else None
    listed = before.contents.chapters if before and before.contents else ()
    previous = {chapter.number: f"{spec.revises}.{chapter.track}" for chapter in listed if chapter.track}
    return _Edition(contents, spec, order, previous)


def _chapter(station: Station, lease: Lease, edition: _Edition, listed: ListedChapter, chapter: Chapter) -> NewChapter:
    unit, spec, contents = lease.unit, edition.spec, edition.contents
    text_key = input_key(unit.tenant, f"{unit.job_id}.{listed.track}")
    station.upload(lease, text_key, ChapterText(chapter.text, chapter.castings).content(), "application/json")
    voiced = _voiced(spec, contents).model_dump(exclude={"metadata", "webhook", "deadline", "expires_after"})
    return NewChapter(ChapterSpec(
        **voiced, number=listed.number, track=listed.track, tracks=max(one.track for one in contents.chapters),
        title=listed.title, book_title=contents.title, book_author=", ".join(contents.authors), cast=spec.cast,
        formats=spec.formats, loudness=spec.loudness, lexicon_key=contents.lexicon_key, cover_key=contents.cover_key,
        again=edition.order.again.get(listed.number, {}), previous=edition.previous.get(listed.number, "")),
        text_key, len(chapter.text))


def _voiced(spec: BookSpec, contents: Contents) -> SpeechSpec:
    """The narrator's voice, in the language that the book says it is in, where the client said none."""
    fields = SpeechSpec.model_validate(spec.model_dump())
    wanted = contents.language.split("-")[0].lower()
    if fields.language != "auto" or not wanted:
        return fields
    known = [tag for tag in spec.languages if tag.lower() in (contents.language.lower(), wanted)]
    return fields.model_copy(update={"language": known[0]}) if known else fields
