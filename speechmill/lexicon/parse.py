"""Reading a lexicon: JSON, a table (CSV, TSV), or the W3C's PLS. What is wrong is said with its place."""

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice

from speechmill.lexicon.entry import Entry, entry, refused
from speechmill.lexicon.pls import pls_entries

_COLUMNS = ("grapheme", "alias", "language")


def parse_lexicon(content: bytes | str, most: int | None = None) -> tuple[Entry, ...]:
    """By what it looks like: `{…}` or `[…]` is JSON, `<…>` is PLS, anything else a table, with tabs or commas between a line's
    grapheme, alias and language; the last may be left out, and so may a first line that names them. Lines of a table that are
    empty or begin with # are none. What is beyond the first `most` entries is not read. Raises InvalidRequest."""
    text = _decoded(content).lstrip("\ufeff")
    start = text.lstrip()[:1]
    if start in ("{", "["):
        entries = _json_entries(text)
    else:
        entries = pls_entries(text) if start == "<" else _table_entries(text)
    return tuple(islice(entries, most))


def _decoded(content: bytes | str) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused(f"byte {error.start}", "it is not UTF-8; save it as UTF-8") from None


def _json_entries(text: str) -> Iterator[Entry]:
    """{"Nguyen": "win"}, or [{"grapheme": …, "alias": …, "language": …}]."""
    try:
        found = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        raise refused(f"line {error.lineno}", f"this is no JSON: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise refused("as a whole", f"this is no JSON that can be read: {error}") from None
    if text.lstrip().startswith("{"):
        for grapheme, alias in found:
            yield entry(grapheme, alias, "", f"entry {grapheme[:80]!r}")
        return
    for n, item in enumerate(found):
        if not isinstance(item, list) or not all(isinstance(pair, tuple) for pair in item):
            raise refused(f"entry [{n}]", 'it must be {"grapheme": …, "alias": …}')
        fields = dict(item)
        if "phoneme" in fields:
            raise refused(f"entry [{n}]", "phonemes are not taken; write how it is said, in plain letters, as its alias")
        for needed in ("grapheme", "alias"):
            if needed not in fields:
                raise refused(f"entry [{n}]", f"it has no {needed}")
        yield entry(fields["grapheme"], fields["alias"], fields.get("language"), f"entry [{n}]")


def _table_entries(text: str) -> Iterator[Entry]:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ",", strict=True)
    seen = False
    columns: tuple[str, ...] = _COLUMNS
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if not seen and {"grapheme", "alias"} <= {cell.lower() for cell in cells}:
                columns = tuple(cell.lower() for cell in cells)
            else:
                yield _row_entry(cells, columns, f"line {rows.line_num}")
            seen = True
    except csv.Error as error:
        raise refused(f"line {rows.line_num}", f"this is no table: {error}") from None


def _row_entry(cells: list[str], columns: tuple[str, ...], place: str) -> Entry:
    if not 2 <= len(cells) <= len(columns):
        columns_there = f"{len(cells)} column{'s' * (len(cells) != 1)}"
        raise refused(place, f"it has {columns_there}; write grapheme, alias and, if you like, language")
    fields = dict(zip(columns, cells, strict=False))
    return entry(fields.get("grapheme"), fields.get("alias"), fields.get("language"), place)
