"""A Japanese publisher's: vertical, ruby over the characters, emphasis dots, a colophon, titles in kanji numbers."""

from tests.books.archive import JPEG
from tests.books.package import Listed, Opf, line, nav, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title id="title">海の本</dc:title><dc:creator id="c01">山田花子</dc:creator><meta refines="#c01"
property="role"
scheme="marc:relators">aut</meta><dc:language>ja</dc:language><dc:identifier id="uid">j</dc:identifier>"""

_PAGES = {
    "p-cover": '<div class="main align-center"><img class="fit" src="../image/cover.jpg" alt="表紙"/></div>',
    "p-titlepage": '<div class="main"><p>海の本</p><p>山田花子</p></div>',
    "p-toc": '<div class="main"><p>目次</p><p><a href="p-001.xhtml">第一章　海</a></p><p><a href="p-003.xhtml">第二章　山</a>'
             '</p></div>',
    "p-001": '<div class="main"><div class="start-4em"><h3><a id="toc-001">第一章　海</a></h3></div><p>　<ruby>吾輩<rp>（</rp>'
             '<rt>わがはい</rt><rp>）</rp>'
             "</ruby>は<ruby>猫<rt>ねこ</rt></ruby>である。\n名前は<span class=\"em-sesame\">まだ</span>無い。</p><p><br/></p>"
             '<p>「ど<span class="tcy">12</span>こ？」</p></div>',
    "p-002": '<div class="main"><p>　海は広い。</p></div>',
    "p-003": '<div class="main"><h3 id="toc-002">第二章　山</h3><p>　山は高い。</p></div>',
    "p-colophon": '<div class="main"><p>奥付</p><p>発行　海山社</p><p>本書の無断転載を禁じます。</p></div>',
}


def sample() -> Sample:
    items = (Listed("navigation-documents.xhtml", properties="nav", in_spine=False),
             Listed("image/cover.jpg", "image/jpeg", "cover-image"),
             *(Listed(f"xhtml/{name}.xhtml") for name in _PAGES))
    contents = nav(line("表紙", "xhtml/p-cover.xhtml") + line("目次", "xhtml/p-toc.xhtml") + line("第一章　海",
                                                                                              "xhtml/p-001.xhtml#toc-001")
                   + line("第二章　山", "xhtml/p-003.xhtml#toc-002") + line("奥付", "xhtml/p-colophon.xhtml"))
    return Sample(
        "a Japanese publisher",
        files_of("item/standard.opf", Opf(items, _METADATA), {
            "item/navigation-documents.xhtml": contents, "item/image/cover.jpg": JPEG,
            **{f"item/xhtml/{name}.xhtml": xhtml(body, title="海の本", attributes='class="p-text"', lang="ja") for name,
               body in _PAGES.items()}}),
        chapters=(
            ("第一章 海", "第一章 海\n\n\n吾輩は猫である。名前はまだ無い。\n\n「ど12こ？」\n\n海は広い。"),
            ("第二章 山", "第二章 山\n\n\n山は高い。"),
        ),
        left_out=("p-titlepage", "目次", "奥付"),
        unsaid=("わがはい", "発行"),
        title="海の本",
        authors=("山田花子",),
        language="ja",
        has_cover=True,
    )
