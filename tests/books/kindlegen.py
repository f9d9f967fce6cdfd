"""What was made for KindleGen: EPUB 2 without any table of contents, one HTML file that is no XHTML, headings only,
<mbp:pagebreak/>."""

from tests.books.package import Listed, Opf
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator>Ann Author</dc:creator>
<dc:language>en</dc:language><dc:identifier id="uid">k</dc:identifier>"""

_PAGE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><title>A Book</title></head><body>
<h1>A Book</h1><p>Ann Author<br>
<mbp:pagebreak/>
<h2>Chapter One</h2><p height="1em" width="0">The sea &amp; the sky.<p>Blue &mdash; both.
<mbp:pagebreak/>
<h2>Chapter Two</h2><p>The land.</p><p align=center>* * *</p><p>The end.
<mbp:pagebreak/><h2>About the Author</h2><p>Ann.</body></html>"""


def sample() -> Sample:
    return Sample(
        "KindleGen",
        files_of("book.opf", Opf((Listed("book.html", id="text"),), _METADATA, "2.0"), {"book.html": _PAGE}),
        chapters=(
            ("Chapter One", "Chapter One\n\n\nThe sea & the sky.\n\nBlue — both."),
            ("Chapter Two", "Chapter Two\n\n\nThe land.\n\n\nThe end."),
        ),
        left_out=("A Book", "About the Author"),
        warnings=("There is no table of contents", "book.html is no well-formed XHTML"),
    )
