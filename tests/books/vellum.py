"""Vellum: EPUB 3 with ornaments, initials, "Also by" and a newsletter, an NCX and landmarks."""

from tests.books.archive import JPEG
from tests.books.package import Listed, Opf, line, nav, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:identifier id="uid">urn:uuid:3</dc:identifier><dc:title>A Book</dc:title><dc:language>en</dc:language>
<dc:creator id="creator">Ann Author</dc:creator><meta refines="#creator" property="role" scheme="marc:relators">aut</meta>"""

_PAGES = {
    "title-page": '<div id="title-page" epub:type="titlepage" class="element"><h1 class="title-page-title">A Book</h1><p>Ann '
                  'Author</p></div>',
    "copyright": '<div class="element copyright" epub:type="copyright-page"><p>Copyright © 2021 Ann Author</p></div>',
    "dedication": '<div class="element" epub:type="dedication"><p>For the fish.</p></div>',
    "prologue": '<div id="prologue" epub:type="prologue" role="doc-prologue"><div class="heading"><h2 '
                'class="element-title">Prologue</h2></div>'
                '<div class="text"><p class="first"><span class="first-phrase">It rained.</span></p></div></div>',
    "chapter-1": '<div id="chapter-1" epub:type="chapter" role="doc-chapter"><div class="heading"><div '
                 'class="element-number-block"><p '
                 'class="element-number">1</p></div><h2 class="element-title">The Sea</h2></div><div class="text"><p '
                 'class="first has-dropcap">'
                 '<span class="dropcap-wrapper"><span class="dropcap">“B</span></span>oats,” he said.</p><div '
                 'class="ornamental-break">'
                 '<img src="o.png" alt="Ornament"/></div><p>They left.</p></div></div>',
    "epilogue": '<div id="epilogue" epub:type="epilogue" role="doc-epilogue"><h2>Epilogue</h2><p>It stopped.</p></div>',
    "about": '<div epub:type="x-about-the-author"><h2>About the Author</h2><p>Ann likes rain.</p></div>',
    "also-by": '<div class="element"><h2>Also by Ann Author</h2><p>Another Book</p></div>',
    "newsletter": '<div class="element"><h2>Newsletter</h2><p>Sign up today.</p></div>',
}


def sample() -> Sample:
    titles = {"title-page": "Title Page", "copyright": "Copyright", "prologue": "Prologue", "chapter-1": "1. The Sea",
              "epilogue": "Epilogue",
              "about": "About the Author", "also-by": "Also by Ann Author", "newsletter": "Newsletter"}
    items = (Listed("toc.xhtml", properties="nav", in_spine=False), *(Listed(f"{name}.xhtml") for name in _PAGES),
             Listed("images/cover.jpg", "image/jpeg", "cover-image"))
    contents = nav("".join(line(title, f"{name}.xhtml") for name, title in titles.items()),
                   '<li><a epub:type="bodymatter" href="prologue.xhtml">Start</a></li>')
    return Sample(
        "Vellum",
        files_of("OEBPS/content.opf", Opf(items, _METADATA), {
            "OEBPS/toc.xhtml": contents, "OEBPS/images/cover.jpg": JPEG, **{f"OEBPS/{name}.xhtml": xhtml(body) for name,
                                                                            body in _PAGES.items()}}),
        chapters=(
            ("Prologue", "Prologue\n\n\nIt rained."),
            ("1. The Sea", "1\n\n\nThe Sea\n\n\n“Boats,” he said.\n\n\nThey left."),
            ("Epilogue", "Epilogue\n\n\nIt stopped."),
        ),
        left_out=("Title Page", "Copyright", "dedication", "About the Author", "Also by Ann Author", "Newsletter"),
        unsaid=("fish", "Ornament", "likes", "Another", "Sign"),
        has_cover=True,
    )
