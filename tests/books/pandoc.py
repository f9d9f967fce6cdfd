"""Pandoc: EPUB 3 from Markdown, a page a chapter, sections within, footnotes at the end of each page."""

from tests.books.package import Listed, Opf, line, nav, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:identifier id="uid">urn:uuid:1</dc:identifier><dc:title
id="epub-title-1">A Book</dc:title><dc:date>2024</dc:date>
<dc:language>en</dc:language><dc:creator id="c1">Ann Author</dc:creator><meta refines="#c1" property="role">aut</meta>"""

_ONE = """<section id="the-sea" class="level1" data-number="1"><h1 data-number="1">The Sea</h1>
<p>The sea is wide<a href="#fn1" class="footnote-ref" id="fnref1"
role="doc-noteref"><sup>1</sup></a> and it took us a long, long while to
cross it in our little boat, which had but one sail, one oar, one lamp, one pot and one old sailor who knew the stars by name,
told us so each
night, and never once was wrong about any of them.</p>
<section id="waves" class="level2"><h2>Waves</h2><p>Waves are <strong>high</strong>; H<sub>2</sub>O, 2<sup>nd</sup>.</p>
<ul><li><p>blue</p></li><li>green</li></ul></section>
<section id="depths" class="level2"><h2>Depths</h2><figure><img src="../media/d.png" alt="Depth chart"/><figcaption
aria-hidden="true">Chart one
</figcaption></figure><p>Deep.</p></section>
<section id="footnotes" class="footnotes footnotes-end-of-document" role="doc-endnotes"><hr/><ol><li id="fn1"><p>Very wide.<a
href="#fnref1"
class="footnote-back" role="doc-backlink">↩︎</a></p></li></ol></section></section>"""

_TWO = """<section id="the-land" class="level1"><h1>The Land</h1><div class="line-block">Green hills,<br/>brown roads.</div>
<table><thead><tr class="header"><th>Name</th><th>Miles</th></tr></thead><tbody><tr><td>Hill</td><td>3.</td></tr></tbody></table>
<pre><code>one
  two</code></pre></section>"""

_TITLE_PAGE = """<section epub:type="titlepage" class="titlepage"><h1 class="title">A Book</h1>
<p class="author">Ann Author</p></section>"""


def sample() -> Sample:
    items = (Listed("nav.xhtml", properties="nav"), Listed("text/title_page.xhtml"), Listed("text/ch001.xhtml"),
             Listed("text/ch002.xhtml"))
    sections = line("Waves", "text/ch001.xhtml#waves") + line("Depths", "text/ch001.xhtml#depths")
    contents = line("The Sea", "text/ch001.xhtml#the-sea", sections) + line("The Land", "text/ch002.xhtml#the-land")
    return Sample(
        "Pandoc",
        files_of("EPUB/content.opf", Opf(items, _METADATA), {
            "EPUB/nav.xhtml": nav(contents, '<li><a href="text/title_page.xhtml" epub:type="titlepage">Title Page</a></li>'),
            "EPUB/text/title_page.xhtml": xhtml(_TITLE_PAGE, attributes='epub:type="frontmatter"'),
            "EPUB/text/ch001.xhtml": xhtml(_ONE, attributes='epub:type="bodymatter"'),
            "EPUB/text/ch002.xhtml": xhtml(_TWO, attributes='epub:type="bodymatter"')}),
        chapters=(
            ("The Sea",
             "The Sea\n\n\nThe sea is wide and it took us a long, long while to cross it in our little boat, which had but one "
             "sail, one oar, "
             "one lamp, one pot and one old sailor who knew the stars by name, told us so each night, and never once was wrong "
             "about any of "
             "them.\n\n\nWaves\n\n\nWaves are high; H2O, 2nd.\n\nblue\n\ngreen\n\n\nDepths\n\n\nDeep."),
            ("The Land", "The Land\n\n\nGreen hills,\nbrown roads.\n\nName, Miles\n\nHill, 3.\n\none\ntwo"),
        ),
        left_out=("A Book",),
        unsaid=("Very", "Chart"),
    )
