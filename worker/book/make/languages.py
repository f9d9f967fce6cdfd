"""Languages as MP4 names them: three letters of ISO 639-2/T, where books say BCP 47."""

UNDETERMINED = "und"
_LIST = """
    af:afr am:amh ar:ara az:aze be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng eo:epo es:spa et:est
    eu:eus fa:fas fi:fin fr:fra ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz
    km:khm kn:kan ko:kor la:lat lo:lao lt:lit lv:lav mk:mkd ml:mal mn:mon mr:mar ms:msa my:mya nb:nob ne:nep nl:nld nn:nno no:nor
    pa:pan pl:pol ps:pus pt:por ro:ron ru:rus sa:san si:sin sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa ta:tam te:tel th:tha tl:tgl
    tr:tur uk:ukr ur:urd uz:uzb vi:vie zh:zho zu:zul"""
_THREE_LETTERS = dict(pair.split(":") for pair in _LIST.split())


def three_letters(language: str) -> str:
    """`language` is a BCP 47 tag (RFC 5646): "en-GB" is "eng"; what is not known is "und"."""
    primary = language.replace("_", "-").split("-")[0].lower()
    return _THREE_LETTERS.get(primary, primary if len(primary) == 3 and primary.isalpha() and primary.isascii() else UNDETERMINED)
