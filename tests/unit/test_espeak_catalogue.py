"""espeak-ng's table of voices, read into BCP 47 tags."""

from pathlib import Path

import pytest

from worker.voices.espeak_catalogue import Row, bcp47, languages_by_tag, rows

TABLE = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  af              --/M      Afrikaans          gmw/af               
 5  chr-US-Qaaa-x-west --/M      Cherokee_          iro/chr              
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)
 5  en-029          --/M      English_(Caribbean) gmw/en-029           (en 10)
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 5  es-419          --/M      Spanish_(Latin_America) roa/es-419           (es-mx 6)(es 6)
 5  es              --/M      Spanish_(Spain)    roa/es               
 5  mi              --/M      Māori             poz/mi               
 5  yue             --/M      Chinese_(Cantonese) sit/yue              (zh-yue 5)(zh 8)
 5  yue             --/M      Chinese_(Cantonese,_latin_as_Jyutping) sit/yue-Latn-jyutping (zh-yue 5)(zh 8)
"""  # noqa: W291  as it is printed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("af", "chr", "cmn", "en", "es", "mi", "yue"):
        (tmp_path / f"{name}_dict").touch()
    return tmp_path


def test_each_line_of_the_table_is_read() -> None:
    read = list(rows(TABLE))
    assert len(read) == 11
    assert read[0] == Row(5, "af", "gmw/af", ())
    assert read[2] == Row(5, "cmn", "sit/cmn", (("zh-cmn", 5), ("zh", 5)))


def test_headings_warnings_and_blank_lines_are_passed_over() -> None:
    assert list(rows("Pty Language\n\nwarning: something\n5 too short\n")) == []


def test_languages_go_by_their_tags(data: Path) -> None:
    by_tag = languages_by_tag(TABLE, data)
    assert by_tag["af"] == "gmw/af"
    assert by_tag["en-US"] == "gmw/en-US"
    assert by_tag["en-GB"] == "gmw/en"
    assert by_tag["chr-Qaaa-US-x-west"] == "iro/chr"
    assert by_tag["es-MX"] == "roa/es-419"


def test_a_wider_tag_goes_to_the_strongest_claim(data: Path) -> None:
    by_tag = languages_by_tag(TABLE, data)
    assert by_tag["en"] == "gmw/en"
    assert by_tag["zh"] == "sit/cmn"


def test_a_language_keeps_its_own_tag_against_any_claim(data: Path) -> None:
    assert languages_by_tag(TABLE, data)["es"] == "roa/es"


def test_two_languages_of_one_tag_are_both_reachable(data: Path) -> None:
    by_tag = languages_by_tag(TABLE, data)
    assert by_tag["yue"] == "sit/yue"
    assert by_tag["yue-Latn-jyutping"] == "sit/yue-Latn-jyutping"


def test_a_language_without_its_dictionary_is_left_out(data: Path) -> None:
    (data / "mi_dict").unlink()
    assert "mi" not in languages_by_tag(TABLE, data)


def test_a_language_may_use_the_dictionary_of_another(data: Path) -> None:
    (data / "mi_dict").unlink()
    (data / "lang" / "poz").mkdir(parents=True)
    (data / "lang" / "poz" / "mi").write_text("name Māori\nlanguage mi\ndictionary es\n")
    assert languages_by_tag(TABLE, data)["mi"] == "poz/mi"


@pytest.mark.parametrize(("name", "tag"), [
    ("de", "de"), ("en-us", "en-US"), ("pt-br", "pt-BR"), ("en-029", "en-029"), ("fa-latn", "fa-Latn"), ("zh-cmn", "zh-cmn"),
    ("en-gb-scotland", "en-GB-scotland"), ("en-gb-x-rp", "en-GB-x-rp"), ("vi-vn-x-central", "vi-VN-x-central"),
    ("en-us-nyc", "en-US-x-nyc"), ("chr-US-Qaaa-x-west", "chr-Qaaa-US-x-west"), ("cmn-latn-pinyin", "cmn-Latn-pinyin"),
])
def test_names_become_well_formed_tags(name: str, tag: str) -> None:
    assert bcp47(name) == tag
