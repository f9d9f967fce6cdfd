"""Calibre: pages split at any size, classes without meaning, headings that are paragraphs, a jacket."""

from tests.books.archive import JPEG
from tests.books.package import Listed, Opf, ncx, point
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator opf:role="aut" opf:file-as="Author, Ann">Ann Author</dc:creator>
<dc:contributor opf:role="bkp">calibre (7.0)</dc:contributor><dc:language>de</dc:language>
<dc:description>&lt;p&gt;Ein &lt;b&gt;gutes&lt;/b&gt; Buch&lt;/p&gt;</dc:description><dc:identifier id="uid">u</dc:identifier>
<meta name="cover" content="cover"/><meta name="calibre:series" content="Books"/>"""

_PAGE = """<?xml version='1.0' encoding='utf-8'?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A Book</title><link rel="stylesheet" type="text/css"
href="stylesheet.css"/></head>
<body class="calibre">{body}</body></html>"""

_PAGES = {
    "titlepage.xhtml": '<div><svg xmlns="http://www.w3.org/2000/svg"><image xlink:href="cover.jpeg" '
                       'xmlns:xlink="http://www.w3.org/1999/xlink"/></svg></div>',
    "index_split_000.html": '<p class="calibre1"><b class="calibre2">A Book</b></p><p class="calibre1">Ann Author</p>',
    "index_split_001.html": '<p class="calibre1">Alle Rechte vorbehalten. ISBN 978-3-00-000000-0. Gedruckt in Leipzig.</p>',
    "index_split_002.html": '<div class="mbp_pagebreak" id="calibre_pb_1"></div><p class="calibre3"><span class="bold" '
                            'id="filepos100">Erstes Kapitel</span></p>'
                            '<p class="calibre1"><span class="dropcap">D</span>as Meer war still.</p><p class="calibre1">Es',
    "index_split_003.html": '<p class="calibre1">lag da.</p><p class="scene-break"> </p><p class="calibre1">Dann kam Wind.</p>',
    "index_split_004.html": '<p class="calibre3" id="filepos200"><span class="bold">Zweites Kapitel</span></p><p '
                            'class="calibre1">Das Land.</p>',
    "index_split_005.html": '<h2 class="calibre4">Über den Autor</h2><p class="calibre1">Ann Author lebt am Meer.</p>',
}


def sample() -> Sample:
    pages = {name: _PAGE.format(body=body) for name, body in _PAGES.items()}
    pages["index_split_002.html"] = _PAGE.format(body=_PAGES["index_split_002.html"] + " </p>")
    items = (*(Listed(name) for name in _PAGES), Listed("cover.jpeg", "image/jpeg", id="cover"),
             Listed("toc.ncx", "application/x-dtbncx+xml", id="ncx"))
    contents = ncx(point("Erstes Kapitel", "index_split_002.html#filepos100") + point("Zweites Kapitel",
                                                                                      "index_split_004.html#filepos200"))
    opf = Opf(items, _METADATA, "2.0", "ncx", '<reference type="cover" href="titlepage.xhtml" title="Cover"/>')
    return Sample(
        "Calibre",
        files_of("content.opf", opf, {"toc.ncx": contents, "cover.jpeg": JPEG, **pages}),
        chapters=(
            ("Erstes Kapitel", "Erstes Kapitel\n\nDas Meer war still.\n\nEs\n\nlag da.\n\n\nDann kam Wind."),
            ("Zweites Kapitel", "Zweites Kapitel\n\nDas Land."),
        ),
        left_out=("index_split_000", "index_split_001", "Über den Autor"),
        unsaid=("ISBN", "lebt"),
        language="de",
        has_cover=True,
    )
