"""Apple Pages: numbered chapter files, paragraphs styled s1 to s9, a span for every run, chapter titles in an NCX only."""

from tests.books.package import Listed, Opf, ncx, point, xhtml
from tests.books.sample import Sample, files_of

_METADATA = """<dc:title>A Book</dc:title><dc:creator>Ann Author</dc:creator>
<dc:language>es</dc:language><dc:identifier id="uid">p</dc:identifier>"""

_PAGES = {
    "chapter-1.xhtml": '<div class="section"><p class="s1"><span class="c1">Un Libro</span></p></div>',
    "chapter-2.xhtml": '<div class="section"><p class="s2"><span class="c2">Capítulo uno</span></p><p class="s3"><span '
                       'class="c3">El mar estaba</span>'
                       '<span class="c4"> </span><span class="c3">en calma.</span></p><div class="s5">&#xA0;</div><p class="s3">'
                       '<span class="c3">¿Sí?</span></p></div>',
    "chapter-3.xhtml": '<div class="section"><p class="s2"><span class="c2">Capítulo dos</span></p><div class="table"><table>'
                       '<tr><td><p class="s4">'
                       '<span>uno</span></p></td><td><p class="s4"><span>dos</span></p></td></tr></table></div><p '
                       'class="s3">Fin.</p></div>',
    "chapter-4.xhtml": '<div class="section"><p class="s2"><span class="c2">Agradecimientos</span></p><p class="s3">A todos.'
                       '</p></div>',
}


def sample() -> Sample:
    items = (*(Listed(name) for name in _PAGES), Listed("toc.ncx", "application/x-dtbncx+xml", id="toc"))
    contents = ncx(point("Capítulo uno", "chapter-2.xhtml") + point("Capítulo dos", "chapter-3.xhtml") + point("Agradecimientos",
                                                                                                               "chapter-4.xhtml"))
    return Sample(
        "Apple Pages",
        files_of("OPS/epb.opf", Opf(items, _METADATA, toc_id="toc"), {
            "OPS/toc.ncx": contents, **{f"OPS/{name}": xhtml(body, title="A Book", lang="es") for name, body in _PAGES.items()}}),
        chapters=(
            ("Capítulo uno", "Capítulo uno\n\nEl mar estaba en calma.\n\n¿Sí?"),
            ("Capítulo dos", "Capítulo dos\n\nuno, dos\n\nFin."),
        ),
        left_out=("chapter-1", "Agradecimientos"),
        unsaid=("todos",),
        language="es",
    )
