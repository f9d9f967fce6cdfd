"""InDesign: spans without end, generated ids, headings that are paragraphs, page breaks marked for an index, an NCX beside the
nav."""

from tests.books.package import Listed, Opf, line, nav, ncx, point, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator>Ann Author</dc:creator><dc:language>en-US</dc:language>
<dc:identifier id="uid">9780000000000</dc:identifier><dc:publisher>A House</dc:publisher>"""

_PAGES = {
    "Book.xhtml": '<div id="_idContainer000" class="_idGenObjectStyleOverride-1"><p class="Half-Title" lang="en-US"><span '
                  'class="CharOverride-1">'
                  "A BOOK</span></p></div>",
    "Book-1.xhtml": '<div id="_idContainer001"><p class="Copyright ParaOverride-1">Copyright © 2020 by Ann Author</p><p '
                    'class="Copyright">All rights '
                    'reserved.</p><p class="Copyright">ISBN 978-0-00-000000-0</p></div>',
    "Book-2.xhtml": '<div id="_idContainer002" class="Basic-Text-Frame"><p class="Chapter-Number" lang="en-US"><a '
                    'id="_idTextAnchor000"></a>1</p>'
                    '<p class="Chapter-Title"><span class="CharOverride-2">T</span><span class="CharOverride-3">HE </span>'
                    '<span>S</span><span>EA</span></p>'
                    '<p class="Body-First"><span class="_idGenDropcap-1">W</span><span class="CharOverride-4">e sailed</span>'
                    '<span> f</span><span>ar'
                    '</span><span id="page_12" epub:type="pagebreak" title="12">12</span><span> out</span><span>.</span></p>'
                    '<p class="Body ParaOverride-2"><span>It was “</span><span class="italic">late</span><span>”; '
                    '</span><span>we slept.</span></p><div class="_idFootnotes"><hr class="HorizontalRule-1"/><aside '
                    'id="footnote-002" '
                    'class="_idFootnote" epub:type="footnote"><p class="Footnote"><a '
                    'href="Book-2.xhtml#footnote-002-backlink">1</a> Not long.</p>'
                    "</aside></div></div>",
    "Book-3.xhtml": '<div id="_idContainer003"><p class="Body">The dawn came<span id="footnote-002-backlink"><a '
                    'class="_idFootnoteLink '
                    '_idGenColorInherit" href="Book-3.xhtml#fn" epub:type="noteref">2</a></span>.</p></div>',
    "Book-4.xhtml": '<div id="_idContainer004"><p class="Chapter-Number"><a id="_idTextAnchor001"></a>2</p><p '
                    'class="Chapter-Title"><span>THE </span>'
                    '<span>LAND</span></p><p class="Body-First"><span class="CharOverride-9">Land!</span></p></div>',
    "Book-5.xhtml": '<div id="_idContainer005"><p class="BM-Head"><a id="_idTextAnchor002"></a>Index</p><p '
                    'class="Index-1">dawn, <a href="x">12</a></p></div>',
}


def sample() -> Sample:
    items = (*(Listed(name, id=f"x{at}") for at, name in enumerate(_PAGES)),
             Listed("toc.xhtml", properties="nav", in_spine=False),
             Listed("toc.ncx", "application/x-dtbncx+xml", id="ncx"))
    targets = (("1 THE SEA", "Book-2.xhtml#_idTextAnchor000"), ("2 THE LAND", "Book-4.xhtml#_idTextAnchor001"),
               ("Index", "Book-5.xhtml#_idTextAnchor002"))
    pages: dict[str, str | bytes] = {f"OEBPS/{name}": xhtml(body, title="Book", attributes='id="x" xml:lang="en-US"')
                                     for name, body in _PAGES.items()}
    return Sample(
        "InDesign",
        files_of("OEBPS/content.opf", Opf(items, _METADATA, toc_id="ncx"), {
            "OEBPS/toc.xhtml": nav("".join(line(*target) for target in targets)),
            "OEBPS/toc.ncx": ncx("".join(point(*target) for target in targets)), **pages}),
        chapters=(
            ("1 THE SEA", "1\n\nTHE SEA\n\nWe sailed far out.\n\nIt was “late”; we slept.\n\n\nThe dawn came."),
            ("2 THE LAND", "2\n\nTHE LAND\n\nLand!"),
        ),
        left_out=("Book", "Book-1", "Index"),
        unsaid=("12", "Not", "long", "ISBN"),
        language="en-US",
    )
