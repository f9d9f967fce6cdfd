"""Standard Ebooks: EPUB 3 with structural semantics on everything, nested parts, endnotes on a page of their own."""

from tests.books.archive import JPEG
from tests.books.package import Listed, Opf, line, nav, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:identifier
id="uid">url:https://example.org/ebooks/a-book</dc:identifier><dc:date>2020-01-02T00:00:00Z</dc:date>
<dc:title id="title">A Book</dc:title><meta property="file-as" refines="#title">Book, A</meta>
<dc:title id="subtitle">And a Subtitle</dc:title><meta property="title-type" refines="#title">main</meta>
<dc:language>en-GB</dc:language><dc:subject>Sea stories</dc:subject><dc:publisher>A Press</dc:publisher>
<dc:creator id="author">Ann Author</dc:creator><meta property="role" refines="#author" scheme="marc:relators">aut</meta>
<dc:contributor id="artist">A Painter</dc:contributor><meta property="role" refines="#artist">art</meta>"""

_CONTENTS = (
    line("Titlepage", "text/titlepage.xhtml") + line("Imprint", "text/imprint.xhtml") + line("Epigraph", "text/epigraph.xhtml")
    + line("Part <abbr>I</abbr>", "text/part-1.xhtml", line('<span epub:type="z3998:roman">I</span>: The Sea',
                                                            "text/chapter-1.xhtml")
           + line('<span epub:type="z3998:roman">II</span>', "text/chapter-2.xhtml"))
    + line("Endnotes", "text/endnotes.xhtml") + line("Colophon", "text/colophon.xhtml") + line("Uncopyright",
                                                                                               "text/uncopyright.xhtml"))

_PAGES = {
    "titlepage": ("frontmatter", '<section id="titlepage" epub:type="titlepage"><h1 epub:type="title">A Book</h1><p>By Ann '
                                 'Author.</p>'
                  '<img alt="" src="../images/titlepage.svg"/></section>'),
    "imprint": ("frontmatter", '<section id="imprint" epub:type="imprint"><header><h2>Imprint</h2></header>'
                "<p>This ebook is the product of many hours of hard work by volunteers.</p></section>"),
    "epigraph": ("frontmatter", '<section id="epigraph" epub:type="epigraph"><blockquote><p>All at sea.</p><cite>A Sailor'
                                '</cite></blockquote></section>'),
    "part-1": ("bodymatter z3998:fiction", '<section id="part-1" epub:type="part"><h2><span epub:type="label">Part</span> '
               '<span epub:type="ordinal z3998:roman">I</span></h2></section>'),
    "chapter-1": ("bodymatter z3998:fiction", '<section data-parent="part-1" id="chapter-1" epub:type="chapter"><hgroup><h3 '
                                              'epub:type="ordinal">I</h3>'
                  '<p epub:type="title">The Sea</p></hgroup><p>The sea was <em>very</em> calm.'
                  '<a href="endnotes.xhtml#note-1" id="noteref-1" epub:type="noteref">1</a> “Ahoy!” said <abbr>Mr.</abbr> '
                  'Fish.</p>'
                  '<p>A ship came\n\t\t\tby.</p><hr/><p>It left.</p></section>'),
    "chapter-2": ("bodymatter z3998:fiction", '<section id="chapter-2" epub:type="chapter"><h3 epub:type="ordinal '
                                              'z3998:roman">II</h3>'
                  '<blockquote epub:type="z3998:verse"><p><span>Row, row,</span><br/><span class="i1">row your boat.</span>'
                  '</p></blockquote>'
                  "<p>Every\u00adone sang.</p></section>"),
    "endnotes": ("backmatter z3998:fiction", '<section id="endnotes" epub:type="endnotes"><h2 epub:type="title">Endnotes</h2><ol>'
                 '<li id="note-1" epub:type="endnote"><p>It never is. <a href="chapter-1.xhtml#noteref-1" '
                 'epub:type="backlink">↩</a></p></li></ol></section>'),
    "colophon": ("backmatter", '<section id="colophon" epub:type="colophon"><h2>Colophon</h2><p><i>A Book</i> was published in '
                               '1900 by Ann Author.</p></section>'),
    "uncopyright": ("backmatter", '<section id="uncopyright" epub:type="copyright-page"><h2>Uncopyright</h2><p>May you do '
                                  'good.</p></section>'),
}

_OPF = Opf((
    Listed("images/cover.jpg", "image/jpeg", "cover-image"), Listed("toc.xhtml", properties="nav", in_spine=False),
    *(Listed(f"text/{name}.xhtml") for name in _PAGES)), _METADATA)


def sample() -> Sample:
    pages: dict[str, str | bytes] = {f"epub/text/{name}.xhtml": xhtml(body, title=name, attributes=f'epub:type="{kind}"')
                                     for name, (kind, body) in _PAGES.items()}
    return Sample(
        "Standard Ebooks",
        files_of("epub/content.opf", _OPF, {"epub/toc.xhtml": nav(_CONTENTS), "epub/images/cover.jpg": JPEG, **pages}),
        chapters=(
            ("Epigraph", "All at sea.\n\nA Sailor"),
            ("Part I", "Part I"),
            ("I: The Sea", "I\n\n\nThe Sea\n\nThe sea was very calm. “Ahoy!” said Mr. Fish.\n\nA ship came by.\n\n\nIt left."),
            ("II", "II\n\n\nRow, row,\nrow your boat.\n\nEveryone sang."),
        ),
        left_out=("Titlepage", "Imprint", "Endnotes", "Colophon", "Uncopyright"),
        unsaid=("volunteers", "never", "published"),
        language="en-GB",
        has_cover=True,
    )
