"""The kinds of front and back matter, and by which words they are known: EPUB's structural semantics, the types of EPUB 2's
guide, and titles in several languages.

https://www.w3.org/TR/epub-ssv-11/, https://idpf.org/epub/20/spec/OPF_2.0.1_draft.htm#Section2.6 """

from dataclasses import dataclass

from worker.book.content import Matter

FRONT, BODY, BACK = Matter.FRONT, Matter.BODY, Matter.BACK


@dataclass(frozen=True)
class Kind:
    """`terms` are names that the book's markup gives; `titles` are whole titles, `openings` their first words: in lower case,
    without punctuation and numbers."""

    name: str
    matter: Matter
    include: bool
    terms: tuple[str, ...]
    titles: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()


KINDS = (
    Kind("cover", FRONT, False, ("cover",),
        titles=("cover", "front cover", "book cover", "umschlag", "cover page", "couverture", "cubierta", "portada", "封面",
                "表紙",
         "カバー", "обложка", "copertina")),
    Kind("title page", FRONT, False, ("titlepage", "title-page", "halftitlepage", "halftitle", "frontispiece"),
        titles=("title page", "titlepage", "half title", "half title page", "frontispiece", "titelseite", "titelblatt", "titel",
         "schmutztitel", "page de titre", "faux titre", "portadilla", "página de título", "frontespizio", "扉页", "扉頁",
         "书名页", "書名頁", "扉", "とびら", "титульный лист", "folha de rosto")),
    Kind("copyright", FRONT, False, ("copyright-page", "imprint", "imprimatur", "seriespage"),
        titles=("copyright", "copyright page", "copyright notice", "imprint", "impressum", "legal notice", "legal", "rights",
         "uncopyright", "urheberrecht", "copyright und impressum", "mentions légales", "droits d auteur", "créditos",
         "derechos de autor", "aviso legal", "página de créditos", "copyright information", "版权", "版权页", "版权信息",
         "版權", "版權頁", "著作権", "奥付", "выходные данные", "colofon", "note sul copyright"),
        openings=("copyright ©", "©")),
    Kind("contents", FRONT, False, ("toc", "loi", "lot", "lov", "loa"),
        titles=("contents", "table of contents", "toc", "list of illustrations", "illustrations", "list of figures",
                "list of tables",
         "list of maps", "inhalt", "inhaltsverzeichnis", "inhaltsübersicht", "abbildungsverzeichnis", "tabellenverzeichnis",
         "table des matières", "sommaire", "table", "table des illustrations", "contenido", "índice de contenidos",
         "tabla de contenidos", "índice general", "sumario", "sumário", "sommario", "目录", "目錄", "目次", "もくじ",
         "oглавление", "оглавление", "содержание", "inhoud", "spis treści", "차례", "목차")),
    Kind("dedication", FRONT, False, ("dedication",),
        titles=("dedication", "widmung", "dédicace", "dedicatoria", "dedicatória", "dedica", "献辞", "献词", "献給", "献给",
         "посвящение")),
    Kind("acknowledgements", BACK, False, ("acknowledgments", "acknowledgements", "contributors", "other-credits", "credits"),
        titles=("acknowledgements", "acknowledgments", "credits", "danksagung", "danksagungen", "dank", "remerciements",
         "agradecimientos", "agradecimentos", "ringraziamenti", "致谢", "致謝", "鸣谢", "謝辞", "благодарности")),
    Kind("index", BACK, False, ("index", "index-group"),
        titles=("index", "register", "stichwortverzeichnis", "sachregister", "personenregister", "namenregister", "index général",
         "índice alfabético", "índice onomástico", "indice analitico", "索引", "さくいん", "указатель")),
    Kind("notes", BACK, False, ("endnotes", "footnotes", "rearnotes", "rearnote", "notes", "backlink"),
        titles=("notes", "endnotes", "footnotes", "end notes", "chapter notes", "anmerkungen", "fußnoten", "endnoten",
         "notes de bas de page", "notas", "notas al pie", "note", "注释", "註釋", "注解", "注", "脚注", "注記", "примечания",
         "noten")),
    Kind("bibliography", BACK, False, ("bibliography",),
        titles=("bibliography", "references", "works cited", "further reading", "sources", "literaturverzeichnis", "literatur",
         "quellen", "quellenverzeichnis", "bibliographie", "bibliografía", "bibliografia", "参考文献", "參考文獻",
         "библиография", "литература")),
    Kind("glossary", BACK, False, ("glossary",),
        titles=("glossary", "glossar", "glossaire", "glosario", "glossario", "glossário", "词汇表", "詞彙表", "用語集",
                "глоссарий")),
    Kind("colophon", BACK, False, ("colophon", "errata", "revision-history"),
        titles=("colophon", "kolophon", "achevé d imprimer", "colofón", "transcriber s note", "transcriber s notes",
         "transcribers notes", "transcribers note", "errata", "anmerkungen zur transkription", "note de transcription",
         "note sur la transcription")),
    Kind("about the author", BACK, False, ("about-author", "about-the-author", "x-about-the-author"),
        titles=("about the author", "about the authors", "about the translator", "about the publisher", "author biography",
         "biography", "über den autor", "über die autorin", "der autor", "die autorin", "autor", "zur autorin", "zum autor",
         "à propos de l auteur", "à propos de l autrice", "l auteur", "sobre el autor", "sobre la autora", "sobre o autor",
         "sobre a autora", "l autore", "sull autore", "biografía del autor", "关于作者", "關於作者", "作者简介", "作者簡介",
         "著者について", "著者紹介", "著者略歴", "об авторе"),
        openings=("about the author", "about the publisher", "über die autor", "über den autor", "über den verlag")),
    Kind("advertising", BACK, False, ("advertisement", "other-books", "praise"),
        titles=("newsletter", "advertisement", "advertisements", "excerpt", "praise", "coming soon", "leseprobe", "werbung",
         "du même auteur", "de la même autrice", "del mismo autor", "do mesmo autor", "dello stesso autore", "既刊一覧", "广告"),
        openings=("also by", "other books by", "books by", "by the same author", "more from", "more by", "praise for",
                  "excerpt from",
         "a preview of", "join our", "weitere bücher", "weitere titel", "bereits erschienen", "vom selben autor",
         "von derselben autorin", "otros libros", "otros títulos", "autres livres", "autres titres", "dans la même collection")),
    Kind("Project Gutenberg's header", FRONT, False, (),
        titles=("project gutenberg header",)),
    Kind("licence", BACK, False, (),
        titles=("the full project gutenberg license", "full project gutenberg license", "project gutenberg license",
         "the project gutenberg license", "project gutenberg licence"),
        openings=("the full project gutenberg", "project gutenberg")),
    Kind("epigraph", FRONT, True, ("epigraph",),
        titles=("epigraph", "motto", "épigraphe", "epígrafe", "题记", "題辞")),
    Kind("foreword", FRONT, True, ("foreword", "preface", "introduction", "preamble"),
        titles=("foreword", "preface", "introduction", "author s note", "vorwort", "einleitung", "einführung", "geleitwort",
         "avant propos", "préface", "prólogo del autor", "prefacio", "prefácio", "introducción", "introdução", "prefazione",
         "introduzione", "前言", "序", "序言", "自序", "まえがき", "はじめに", "предисловие", "введение")),
    Kind("afterword", BACK, True, ("afterword", "appendix", "conclusion"),
        titles=("afterword", "appendix", "nachwort", "anhang", "postface", "annexe", "appendice", "apéndice", "epílogo del autor",
         "posfacio", "posfácio", "postfazione", "后记", "後記", "附录", "附錄", "付録", "あとがき", "おわりに", "послесловие",
         "приложение")),
    Kind("body", BODY, True, ("bodymatter", "chapter", "part", "volume", "prologue", "epilogue", "division"),
        titles=("prologue", "epilogue", "prolog", "epilog", "épilogue", "prólogo", "epílogo", "prologo", "epilogo", "楔子",
                "尾声",
         "序章", "終章", "プロローグ", "エピローグ", "пролог", "эпилог")),
)
