"""Which chapters a table of contents makes, and what happens where it does not do."""

from pathlib import Path

from tests.books.package import Listed, Opf, heading, line, nav, ncx, point, xhtml
from tests.books.sample import files_of
from tests.unit.book.read.books import read_epub, simple_epub, titles

_LONG = "<p>" + "word " * 60 + "end.</p>"


class TestChaptersOfATableOfContents:
    def test_several_lines_into_one_page_cut_it_there(self, tmp_path: Path) -> None:
        body = '<h2 id="a">A</h2><p>one</p><h2 id="b">B</h2><p>two</p><p>three<span id="c"/> four</p>'
        files = simple_epub({"all.xhtml": body}, line("A", "all.xhtml#a") + line("B", "all.xhtml#b") + line("C", "all.xhtml#c"))
        assert [(chapter.title, chapter.text) for chapter in read_epub(files, tmp_path).chapters] == [
            ("A", "A\n\n\none"), ("B", "B\n\n\ntwo\n\nthree"), ("C", "four")]

    def test_a_heading_before_its_mark_goes_along(self, tmp_path: Path) -> None:
        body = '<h2>First</h2><p id="a">one</p><h2>Second</h2><p id="b">two</p>'
        files = simple_epub({"all.xhtml": body}, line("First", "all.xhtml#a") + line("Second", "all.xhtml#b"))
        assert [chapter.text for chapter in read_epub(files, tmp_path).chapters] == ["First\n\n\none", "Second\n\n\ntwo"]

    def test_pages_that_nobody_names_belong_to_the_chapter_before(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": "<p>one</p>", "a2.xhtml": "<p>two</p>", "b.xhtml": "<p>three</p>"},
                            line("A", "a.xhtml") + line("B", "b.xhtml"))
        assert [chapter.text for chapter in read_epub(files, tmp_path).chapters] == ["one\n\ntwo", "three"]

    def test_a_chapter_may_begin_with_a_page_that_is_a_picture(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": "<p>one</p>", "b-title.xhtml": "<img src='b.png'/>", "b.xhtml": "<p>two</p>"},
                            line("A", "a.xhtml") + line("B", "b-title.xhtml"))
        assert [(chapter.title, chapter.text) for chapter in read_epub(files, tmp_path).chapters] == [("A", "one"), ("B", "two")]

    def test_a_story_behind_an_unnamed_cover_page_is_not_lost(self, tmp_path: Path) -> None:
        files = simple_epub({"cover.xhtml": "<img src='c.png'/>", "story.xhtml": f"<h1>Story</h1>{_LONG}",
                             "b.xhtml": "<p>two</p>",
                             "c.xhtml": "<p>x</p>"}, line("Cover", "cover.xhtml") + line("B", "b.xhtml") + line("C", "c.xhtml"))
        assert titles(read_epub(files, tmp_path)) == ["Story", "B", "C"]

    def test_sections_of_a_chapter_are_no_chapters_but_those_of_a_part_are(self, tmp_path: Path) -> None:
        pages = {"p.xhtml": "<h1>Part One</h1>", "a.xhtml": f'<h1>A</h1>{_LONG}<h2 id="s">S</h2><p>sub</p>',
                 "b.xhtml": "<h1>B</h1><p>b</p>"}
        contents = line("Part One", "p.xhtml", line("A", "a.xhtml", line("S", "a.xhtml#s")) + line("B", "b.xhtml"))
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Part One", "A", "B"]

    def test_numbered_chapters_hold_sections_without_prose_of_their_own(self, tmp_path: Path) -> None:
        pages = {"a.xhtml": '<h1>Chapter 1</h1><h2 id="s">Opening</h2><p>x</p>', "b.xhtml": "<h1>Chapter 2</h1><p>b</p>"}
        contents = line("Chapter 1", "a.xhtml", line("Opening", "a.xhtml#s")) + line("Chapter 2", "b.xhtml")
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Chapter 1", "Chapter 2"]

    def test_numbers_below_a_chapter_are_its_sections(self, tmp_path: Path) -> None:
        pages = {"a.xhtml": '<h1>Chapter 1</h1><h2 id="s">1</h2><p>x</p><h2 id="t">2</h2><p>y</p>',
                 "b.xhtml": "<h1>Chapter 2</h1><p>b</p>"}
        contents = line("Chapter 1", "a.xhtml", line("1", "a.xhtml#s") + line("2", "a.xhtml#t")) + line("Chapter 2", "b.xhtml")
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Chapter 1", "Chapter 2"]

    def test_a_line_for_the_whole_book_holds_chapters_whatever_stands_before_them(self, tmp_path: Path) -> None:
        pages = {"t.xhtml": f"<h1>Tales</h1>{_LONG}", "a.xhtml": "<h2>The Prince</h2><p>a</p>",
                 "b.xhtml": "<h2>The Fir</h2><p>b</p>",
                 "n.xhtml": "<h1>Notes</h1><p>n</p>"}
        contents = line("Tales", "t.xhtml", line("The Prince", "a.xhtml") + line("The Fir", "b.xhtml")) + line("Notes", "n.xhtml")
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Tales", "The Prince", "The Fir"]

    def test_a_part_and_its_first_chapter_at_one_place_are_one(self, tmp_path: Path) -> None:
        pages = {"a.xhtml": "<h1>Part I</h1><h2>Chapter 1</h2><p>x</p>", "b.xhtml": "<h2>Chapter 2</h2><p>b</p>"}
        contents = line("Part I", "a.xhtml", line("Chapter 1", "a.xhtml") + line("Chapter 2", "b.xhtml"))
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Part I. Chapter 1", "Chapter 2"]

    def test_a_part_without_a_page_swallows_none_of_its_chapters(self, tmp_path: Path) -> None:
        names = ("Prologue", "The Boy", "The Sea", "The Storm", "Epilogue")
        pages = {f"{n}.xhtml": f"<h1>{name}</h1>{_LONG}" for n, name in enumerate(names)}
        prologue, boy, sea, storm, epilogue = (line(name, f"{n}.xhtml") for n, name in enumerate(names))
        contents = prologue + heading("Part One", boy + sea) + heading("Part Two", storm) + epilogue
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == list(names)

    def test_a_numbered_chapter_before_a_part_without_a_page_holds_no_sections(self, tmp_path: Path) -> None:
        pages = {"1.xhtml": "<h1>Chapter 1</h1><p>x</p>", "a.xhtml": "<h1>A</h1><p>a</p>", "b.xhtml": "<h1>B</h1><p>b</p>"}
        contents = line("Chapter 1", "1.xhtml") + heading("Interlude", line("A", "a.xhtml") + line("B", "b.xhtml"))
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Chapter 1", "A", "B"]

    def test_what_holds_a_part_without_a_page_holds_chapters(self, tmp_path: Path) -> None:
        pages = {"t.xhtml": f"<h1>Tales</h1>{_LONG}", "a.xhtml": "<h2>A</h2><p>a</p>", "n.xhtml": f"<h1>More</h1>{_LONG}"}
        contents = line("Tales", "t.xhtml", heading("Part One", line("A", "a.xhtml"))) + line("More", "n.xhtml")
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Tales", "A", "More"]

    def test_sections_below_a_chapters_line_without_a_link_are_its_sections_still(self, tmp_path: Path) -> None:
        pages = {"1.xhtml": '<h1>Chapter 1</h1><h2 id="s">Opening</h2><p>x</p>', "2.xhtml": "<h1>Chapter 2</h1><p>b</p>"}
        contents = line("Chapter 1", "1.xhtml", heading("Morning", line("Opening", "1.xhtml#s"))) + line("Chapter 2", "2.xhtml")
        assert titles(read_epub(simple_epub(pages, contents), tmp_path)) == ["Chapter 1", "Chapter 2"]

    def test_lines_out_of_order_are_read_in_the_books_order(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"}, line("B", "b.xhtml") + line("A", "a.xhtml"))
        assert titles(read_epub(files, tmp_path)) == ["A", "B"]

    def test_lines_that_point_nowhere_are_warned_of(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": '<h1 id="x">A</h1><p>a</p>', "b.xhtml": "<p>b</p>"},
                            line("A", "a.xhtml#x") + line("Ghost", "a.xhtml#ghost") + line("Gone",
                                                                                           "gone.xhtml") + line("B", "b.xhtml"))
        book = read_epub(files, tmp_path)
        assert titles(book) == ["A", "B"]
        assert [name for name in ("Ghost", "Gone") if any(name in warning for warning in book.warnings)] == ["Ghost", "Gone"]

    def test_a_line_for_the_table_of_contents_itself_is_nothing_to_warn_of(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"},
                            line("Contents", "nav.xhtml") + line("A", "a.xhtml") + line("B", "b.xhtml"))
        assert read_epub(files, tmp_path).warnings == ()

    def test_a_place_that_is_not_there_is_found_by_its_heading(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": "<h1>A</h1><p>a</p><h1>B</h1><p>b</p>"}, line("A", "a.xhtml#1") + line("B", "a.xhtml#2"))
        assert titles(read_epub(files, tmp_path)) == ["A", "B"]

    def test_the_ncx_stands_in_for_a_nav_that_names_nothing(self, tmp_path: Path) -> None:
        opf = Opf((Listed("nav.xhtml", properties="nav", in_spine=False), Listed("toc.ncx", "application/x-dtbncx+xml", id="ncx"),
                   Listed("a.xhtml"), Listed("b.xhtml")), toc_id="ncx")
        files = files_of("b.opf", opf, {"nav.xhtml": nav(line("Start", "a.xhtml")), "a.xhtml": xhtml("<p>a</p>"),
                                        "b.xhtml": xhtml("<p>b</p>"),
                                        "toc.ncx": ncx(point("A", "a.xhtml") + point("B", "b.xhtml"))})
        assert titles(read_epub(files, tmp_path)) == ["A", "B"]


class TestWithoutOne:
    def test_the_headings_that_occur_twice_make_the_chapters(self, tmp_path: Path) -> None:
        body = f"<h1>The Book</h1>{_LONG}<h2>A</h2><p>a</p><h3>a1</h3><p>x</p><h3>a2</h3><p>x</p><h2>B</h2><p>b</p>"
        book = read_epub(simple_epub({"all.xhtml": body}), tmp_path)
        assert titles(book)[-2:] == ["A", "B"]
        assert any("headings" in warning for warning in book.warnings)

    def test_a_table_of_contents_that_names_only_the_start_is_none(self, tmp_path: Path) -> None:
        files = simple_epub({"a.xhtml": "<h1>A</h1><p>a</p>", "b.xhtml": "<h1>B</h1><p>b</p>"}, line("Start", "a.xhtml"))
        assert titles(read_epub(files, tmp_path)) == ["A", "B"]

    def test_headings_of_parts_do_not_hide_those_of_chapters(self, tmp_path: Path) -> None:
        body = "".join(f"<h1>Part {part}</h1><h2>One</h2><p>a</p><h2>Two</h2><p>b</p>" for part in ("I", "II"))
        assert titles(read_epub(simple_epub({"all.xhtml": body}), tmp_path)) == ["Part I. One", "Two", "Part II. One", "Two"]

    def test_paragraphs_that_read_like_headings_do(self, tmp_path: Path) -> None:
        body = "<p>Chapter 1</p><p>a</p><p>Chapter 2: The Sea</p><p>b</p>"
        assert titles(read_epub(simple_epub({"all.xhtml": body}), tmp_path)) == ["Chapter 1", "Chapter 2: The Sea"]

    def test_a_book_without_any_heading_is_one_chapter_and_says_so(self, tmp_path: Path) -> None:
        book = read_epub(simple_epub({"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"}), tmp_path)
        assert [chapter.text for chapter in book.chapters] == ["a\n\nb"]
        assert any("neither" in warning for warning in book.warnings)
