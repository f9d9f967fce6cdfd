"""Lexicons as people write them, and what they are told when one is wrong."""

import json

import pytest

from speechmill.errors import InvalidRequest
from speechmill.lexicon.entry import Entry
from speechmill.lexicon.parse import parse_lexicon

PLS = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-GB">
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
  <lexeme xml:lang="fr">
    <grapheme>CGT</grapheme><grapheme>C.G.T.</grapheme>
    <alias>cé gé té</alias><alias>another</alias>
  </lexeme>
</lexicon>"""


@pytest.mark.parametrize(("content", "entries"), [
    ('{"Nguyen": "win", "gif": "jiff"}', [Entry("Nguyen", "win"), Entry("gif", "jiff")]),
    ('\ufeff [{"grapheme": "chat", "alias": "shah", "language": "FR"}, {"grapheme": "a", "alias": "b", "language": null}]',
     [Entry("chat", "shah", "fr"), Entry("a", "b")]),
    ("Nguyen,win\n\n# cats\nchat,shah,fr\n", [Entry("Nguyen", "win"), Entry("chat", "shah", "fr")]),
    ("Nguyen\twin, or so\r\nchat\tshah\tfr", [Entry("Nguyen", "win, or so"), Entry("chat", "shah", "fr")]),
    ('# mine\nalias,grapheme\n"win, or so",Nguyen\n', [Entry("Nguyen", "win, or so")]),
    (PLS, [Entry("W3C", "World Wide Web Consortium", "en-gb"), Entry("CGT", "cé gé té", "fr"),
           Entry("C.G.T.", "cé gé té", "fr")]),
    ('{"a  b\\n": " c\\td ", "e\\u0301": "e"}', [Entry("a b", "c d"), Entry("é", "e")]),
    ("{}", []), ("[]", []), ("", []), ("<lexicon/>", []),
])
def test_json_tables_and_pls_are_told_apart_and_read(content: str, entries: list[Entry]) -> None:
    assert list(parse_lexicon(content)) == entries
    assert list(parse_lexicon(content.encode())) == entries


def test_the_lines_of_a_pls_are_read_in_time_that_grows_with_them() -> None:
    # What a square law takes minutes for.
    lines = "\n" * 1_000_000
    pls = f"<lexicon>{lines}<lexeme><grapheme>a{lines}b</grapheme>{lines}<alias>c</alias></lexeme></lexicon>"
    assert list(parse_lexicon(pls)) == [Entry("a b", "c")]


@pytest.mark.parametrize(("content", "problem"), [
    ('{"a": "b",\n "c" "d"}', "line 2: this is no JSON"),
    ("[" * 100_000, "as a whole: this is no JSON"),
    ('{"Nguyen": 5}', "entry 'Nguyen': its alias must be a text"),
    ('{"Nguyen": ""}', "entry 'Nguyen': its alias has no letter or digit; write how it is said"),
    ('{"": "win"}', "entry '': its grapheme has no letter"),
    (json.dumps({"a": "b" * 81}), "entry 'a': its alias has 81 characters; at most 80"),
    ('{"a": "\\ud800b"}', "entry 'a': its alias has a control character or half of a surrogate pair"),
    ('["a"]', "entry [0]: it must be"),
    ('[{"grapheme": "a", "alias": "b"}, {"alias": "b"}]', "entry [1]: it has no grapheme"),
    ('[{"grapheme": "a", "phoneme": "ə"}]', "entry [0]: phonemes are not taken"),
    ('[{"grapheme": "a", "alias": "b", "language": 5}]', "entry [0]: its language must be a tag"),
    ('[{"grapheme": "a", "alias": "b", "language": "\\ud800"}]', "entry [0]: its language must be a tag"),
    ('[{"grapheme": "a", "alias": "b", "language": "' + "e" * 36 + '"}]', "entry [0]: its language must be a tag"),
    ("a,b\nNguyen\n", "line 2: it has 1 column; write grapheme, alias"),
    ("a,b\nc,d,en,x\n", "line 2: it has 4 columns"),
    ('a,b\nc,"d\n', "line 2: this is no table"),
    (b"a,b\xff", "byte 3: it is not UTF-8"),
    (PLS.replace("<alias>World Wide Web Consortium</alias>", "<phoneme>x</phoneme>"), "line 3: phonemes are not taken"),
    (PLS.replace("<alias>World Wide Web Consortium</alias>", ""), "line 3: the lexeme has no <alias>"),
    (PLS.replace("</lexicon>", ""), "line 8: this is no XML"),
    ('<!DOCTYPE lexicon [<!ENTITY a "b">]><lexicon/>', "line 1: a document type is not taken"),
    ("<html/>", "line 1: a PLS begins with <lexicon>, not <html>"),
])
def test_what_is_wrong_is_said_with_its_place(content: str | bytes, problem: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_lexicon(content)
    assert raised.value.param == "lexicon"
    assert f"lexicon, {problem}" in raised.value.message
