"""Sigil: hand-made EPUB 2 with Text/ and Images/, several chapters in one file, non-linear notes, a contents page in the
spine."""

from tests.books.archive import PNG
from tests.books.package import Listed, Opf, ncx, point
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator opf:role="aut">Ann Author</dc:creator><dc:creator
opf:role="trl">Tom Translator</dc:creator>
<dc:language>fr</dc:language><dc:identifier id="uid">urn:uuid:2</dc:identifier><meta content="cover.png" name="cover"/>"""

_PAGE = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN"
  "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">

<html xmlns="http://www.w3.org/1999/xhtml">
<head>
  <title></title>
</head>

<body>
{body}
</body>
</html>"""

_PAGES = {
    "Cover.xhtml": '<div><img alt="Couverture" src="../Images/cover.png"/></div>',
    "Dedicace.xhtml": "<p>À ma mère.</p>",
    "Sommaire.xhtml": '<h1>Sommaire</h1>\n<p><a href="Tout.xhtml#un">Premier</a></p>\n<p><a href="Tout.xhtml#deux">Second</a>'
                      '</p>',
    "Tout.xhtml": '<h1 id="un">Premier</h1>\n\n  <p>«&nbsp;La mer&nbsp;»<sup><a href="Notes.xhtml#n1">1</a></sup>, '
                  'dit-il&hellip;</p>\n\n'
                  '<p style="display:none">caché</p><h1 id="deux">Second</h1>\n  <p>La terre&#160;: <b>enfin</b>.<br/>Bonne '
                  'nuit.</p>',
    "Suite.xhtml": "<p>Le lendemain.</p>",
    "Notes.xhtml": '<p id="n1">1. La Manche.</p>',
}


def sample() -> Sample:
    items = (*(Listed(f"Text/{name}", id=name, linear=name != "Notes.xhtml") for name in _PAGES),
             Listed("Images/cover.png", "image/png", id="cover.png"),
             Listed("toc.ncx", "application/x-dtbncx+xml", id="ncx"))
    guide = ('<reference type="dedication" title="Dédicace" href="Text/Dedicace.xhtml"/>'
             '<reference type="toc" title="S" href="Text/Sommaire.xhtml"/>')
    contents = ncx(point("Premier", "Text/Tout.xhtml#un") + point("Second", "Text/Tout.xhtml#deux"))
    return Sample(
        "Sigil",
        files_of("OEBPS/content.opf", Opf(items, _METADATA, "2.0", "ncx", guide), {
            "OEBPS/toc.ncx": contents, "OEBPS/Images/cover.png": PNG,
            **{f"OEBPS/Text/{name}": _PAGE.format(body=body) for name, body in _PAGES.items()}}),
        chapters=(
            ("Premier", "Premier\n\n\n« La mer », dit-il…"),
            ("Second", "Second\n\n\nLa terre : enfin.\nBonne nuit.\n\nLe lendemain."),
        ),
        left_out=("Dedicace", "Sommaire", "Notes"),
        unsaid=("1", "Manche", "caché"),
        language="fr",
        has_cover=True,
    )
