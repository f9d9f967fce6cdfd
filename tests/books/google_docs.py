"""Google Docs: one page for everything, spans and classes c1 to c9, ids h.xyz, comments and footnotes at the end."""

from tests.books.package import Listed, Opf, line, nav, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator>Ann Author</dc:creator>
<dc:language>en</dc:language><dc:identifier id="uid">g</dc:identifier>"""

_BODY = """<p class="c3 title" id="h.t0"><span class="c9">A Book</span></p><p class="c3 subtitle"><span>by Ann Author</span></p>
<p class="c1"><span></span></p><h1 class="c5" id="h.a1"><span class="c6">The Sea</span></h1><p class="c1"><span
class="c2">The sea was </span><span
class="c7">calm</span><span class="c2">.</span><sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup></p><p class="c1"><span
class="c2"></span></p>
<p class="c1"><span class="c2">Line one.<br/></span><span class="c2">Line two.<br/><br/>A new paragraph.</span></p><hr
class="c8"/>
<h1 class="c5" id="h.a2"><span>The Land</span></h1><ol class="lst" start="1"><li class="c1"><span>Walk</span></li><li
class="c1"><span>Rest</span></li></ol>
<div><p class="c0"><a href="#ftnt_ref1" id="ftnt1">[1]</a><span class="c4"> The Baltic.</span></p></div>"""


def sample() -> Sample:
    items = (Listed("nav.xhtml", properties="nav", in_spine=False), Listed("A_Book.xhtml", id="main"))
    contents = line("The Sea", "A_Book.xhtml#h.a1") + line("The Land", "A_Book.xhtml#h.a2")
    return Sample(
        "Google Docs",
        files_of("GoogleDoc/package.opf", Opf(items, _METADATA), {
            "GoogleDoc/nav.xhtml": nav(contents), "GoogleDoc/A_Book.xhtml": xhtml(_BODY, title="A Book",
                                                                                  attributes='class="c10 doc-content"')}),
        chapters=(
            ("The Sea", "The Sea\n\n\nThe sea was calm.\n\nLine one.\nLine two.\n\nA new paragraph."),
            ("The Land", "The Land\n\n\nWalk\n\nRest"),
        ),
        left_out=("A_Book",),
        unsaid=("[1]", "Baltic"),
    )
