"""The Pronunciation Lexicon Specification of the W3C (https://www.w3.org/TR/pronunciation-lexicon/): its aliases."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

from speechmill.lexicon.entry import Entry, entry, refused


@dataclass
class _Lexeme:
    line: int
    graphemes: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._parser = ParserCreate("utf-8", namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._languages: list[str] = []
        self._lexeme: _Lexeme | None = None
        self._text: list[str] | None = None     # of the grapheme or alias that is open

    def read(self, text: str) -> list[Entry]:
        try:
            self._parser.Parse(text.encode(), True)
        except ExpatError as error:
            raise refused(f"line {error.lineno}", f"this is no XML: {error}") from None
        return self.entries

    def _doctype(self, *_: object) -> None:
        raise refused(self._place(), "a document type is not taken; leave <!DOCTYPE …> out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if not self._languages and tag != "lexicon":
            raise refused(self._place(), f"a PLS begins with <lexicon>, not <{tag}>")
        inherited = self._languages[-1] if self._languages else ""
        self._languages.append(attributes.get("http://www.w3.org/XML/1998/namespace lang", inherited))
        if tag == "lexeme":
            self._lexeme = _Lexeme(self._parser.CurrentLineNumber)
        elif self._lexeme and tag in ("grapheme", "alias"):
            self._text = []
        elif tag == "phoneme":
            raise refused(self._place(), "phonemes are not taken; write how it is said, in plain letters, as <alias>")

    def _characters(self, text: str) -> None:
        """The parser gives each line and its end for themselves: adding to one text would take quadratic time."""
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        language = self._languages.pop()
        lexeme = self._lexeme
        if lexeme and tag in ("grapheme", "alias"):
            (lexeme.graphemes if tag == "grapheme" else lexeme.aliases).append("".join(self._text or ()))
            self._text = None
        elif lexeme and tag == "lexeme":
            self._lexeme = None
            place = f"line {lexeme.line}"
            for missing, there in (("grapheme", lexeme.graphemes), ("alias", lexeme.aliases)):
                if not there:
                    raise refused(place, f"the lexeme has no <{missing}>")
            # The first alias is the preferred one (§4.9 of the specification).
            self.entries += [entry(grapheme, lexeme.aliases[0], language, place) for grapheme in lexeme.graphemes]

    def _place(self) -> str:
        return f"line {self._parser.CurrentLineNumber}"


def pls_entries(text: str) -> Iterator[Entry]:
    """Each grapheme with its lexeme's first alias. A phoneme or a document type is refused. Raises InvalidRequest."""
    yield from _Reader().read(text)
