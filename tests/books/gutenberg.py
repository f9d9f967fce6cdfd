"""Project Gutenberg: EPUB 2, few big pages cut at any place, page numbers in the margin, a licence around it all."""

from tests.books.archive import PNG
from tests.books.package import Listed, Opf, ncx, point
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator opf:file-as="Author,
Ann">Ann Author</dc:creator><dc:language>en</dc:language>
<dc:identifier opf:scheme="URI" id="uid">http://www.example.org/1342</dc:identifier><dc:date
opf:event="publication">1998-06-01</dc:date>
<dc:date opf:event="conversion">2024-01-01</dc:date><dc:rights>Public domain.</dc:rights><meta name="cover"
content="cover-image"/>"""

_PAGE = """<?xml version='1.0' encoding='utf-8'?>
<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.1//EN' 'http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd'>
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title>The Project Gutenberg eBook of A Book, by Ann Author</title>
<style type="text/css">.pagenum {{ position: absolute; }}</style></head><body class="x-ebookmaker">{body}</body></html>"""

_FIRST = """<section class="pg-boilerplate pgheader" id="pg-header" lang="en"><h2
id="pg-header-heading">The Project Gutenberg eBook of A Book</h2>
<div>This ebook is for the use of anyone anywhere in the United States.</div>
<div id="pg-start-separator"><span>*** START OF THE PROJECT GUTENBERG EBOOK A BOOK ***</span></div></section>
<h1 id="pgepubid00000">A BOOK</h1><h3>By Ann Author</h3><p class="center">LONDON:&nbsp;1813</p>
<h2 id="pgepubid00001">CONTENTS</h2>
<table><tr><td><a href="@public@1342-h-1.htm#chap01">CHAPTER I.</a></td></tr><tr><td><a
href="@public@1342-h-1.htm#chap02">CHAPTER II.</a></td></tr></table>
<div class="chapter"><h2 id="pgepubid00002"><a id="chap01"></a><span class="pagenum"><a
id="Page_1">[Pg&nbsp;1]</a></span>CHAPTER I.<br/>
OF THE SEA</h2>
<p><img class="dropcap" alt="T" src="t.png"/>he sea<a id="FNanchor_1_1"></a><a href="#Footnote_1_1"
class="fnanchor">[1]</a> was calm, and
the<span class="pagenum" id="Page_2">{2}</span> ship was <span class="smcap">Small</span>.</p>
<div class="figcenter"><img src="ship.png" alt="A ship"/><p class="caption">The ship at sea.</p></div>
<div class="footnote"><p><a id="Footnote_1_1"></a><a href="#FNanchor_1_1"><span
class="label">[1]</span></a> The North Sea.</p></div></div>"""

_SECOND = """<div class="chapter"><p>It sailed on.</p><hr class="chap x-ebookmaker-drop"/></div>
<div class="chapter"><h2 id="pgepubid00003"><a id="chap02"></a>CHAPTER II.</h2><div class="poem"><div class="stanza"><span
class="i0">Row, row,<br/></span>
<span
class="i2">row your boat.<br/></span></div></div><p>*&nbsp;&nbsp;*&nbsp;&nbsp;*&nbsp;&nbsp;*</p><p>So they sang.</p><p>THE
END</p></div>
<section class="pg-boilerplate pgfooter" id="pg-footer" lang="en"><div
id="pg-end-separator">*** END OF THE PROJECT GUTENBERG EBOOK A BOOK ***</div>
<div>Updated editions will replace the previous one.</div><h2 id="pg-footer-heading">THE FULL PROJECT GUTENBERG LICENSE</h2>
<div>To protect the mission of promoting the free distribution of electronic works.</div></section>"""

_POINTS = point("A BOOK", "@public@1342-h-0.htm#pgepubid00000", point("CONTENTS", "@public@1342-h-0.htm#pgepubid00001")
                + point("CHAPTER I. OF THE SEA", "@public@1342-h-0.htm#pgepubid00002")
                + point("CHAPTER II.", "@public@1342-h-1.htm#pgepubid00003")) + point(
                    "THE FULL PROJECT GUTENBERG LICENSE", "@public@1342-h-1.htm#pg-footer-heading")


def sample() -> Sample:
    items = (Listed("wrap0000.html"), Listed("@public@1342-h-0.htm"), Listed("@public@1342-h-1.htm"),
             Listed("toc.ncx", "application/x-dtbncx+xml", id="ncx"), Listed("cover.png", "image/png", id="cover-image"))
    opf = Opf(items, _METADATA, "2.0", "ncx", '<reference type="cover" title="Cover" href="wrap0000.html"/>')
    return Sample(
        "Project Gutenberg",
        files_of("OEBPS/content.opf", opf, {
            "OEBPS/wrap0000.html": _PAGE.format(body='<div style="text-align: center"><img src="cover.png" alt="Cover" '
                                                     'class="x-ebookmaker-cover"/></div>'),
            "OEBPS/@public@1342-h-0.htm": _PAGE.format(body=_FIRST), "OEBPS/@public@1342-h-1.htm": _PAGE.format(body=_SECOND),
            "OEBPS/toc.ncx": ncx(_POINTS), "OEBPS/cover.png": PNG}),
        chapters=(
            ("CHAPTER I. OF THE SEA",
             "CHAPTER I. OF THE SEA\n\n\nThe sea was calm, and the ship was Small.\n\nIt sailed on."),
            ("CHAPTER II.", "CHAPTER II.\n\n\nRow, row,\nrow your boat.\n\n\nSo they sang.\n\nTHE END"),
        ),
        left_out=("Project Gutenberg header", "A BOOK", "CONTENTS", "Project Gutenberg licence"),
        unsaid=("anyone", "LONDON", "Pg", "2", "North", "mission", "Updated"),
        has_cover=True,
    )
