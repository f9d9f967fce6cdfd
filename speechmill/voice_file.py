"""What kind of file a recording is, by its first bytes: its name and Content-Type are only claims. Whether it really holds sound
is found out by a worker, which decodes it in a process of its own."""

from speechmill.errors import InvalidRequest

HEAD_BYTES = 12

_STARTS = ((b"fLaC", "FLAC"), (b"OggS", "Ogg"), (b"ID3", "MP3"), (b"caff", "CAF"), (b"#!AMR", "AMR"),
           (b"\x1a\x45\xdf\xa3", "Matroska or WebM"))
"""RFC 9639 §6, RFC 3533 §6, ID3v2 §3.1, Apple's CAF 1.0, RFC 4867 §5, RFC 8794 §11.2."""


def file_kind(head: bytes) -> str:
    """The container that a file of sound begins like, for people; empty where it is none that is taken."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "WAV"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    if head[4:8] == b"ftyp":
        return "MP4"        # ISO 14496-12 §4.3; M4A is one
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "MP3 or AAC"     # a frame's sync word: ISO 11172-3 §2.4.1.3, ISO 13818-7 §6.2 (ADTS)
    return next((kind for start, kind in _STARTS if head.startswith(start)), "")


def check_file(content: bytes, limit_bytes: int) -> None:
    """What can be told without decoding it. Raises InvalidRequest."""
    if not content:
        raise InvalidRequest("audio_sample is empty; send 1 to 30 s of speech.", param="audio_sample")
    if len(content) > limit_bytes:
        raise InvalidRequest(f"audio_sample has {len(content):,} bytes; at most {limit_bytes:,} are taken. 30 s of speech fit "
                             "into 3 MB of WAV.", param="audio_sample", code="file_too_large")
    if not file_kind(content[:HEAD_BYTES]):
        raise InvalidRequest(f"audio_sample is no file of sound that is known here (it begins with {content[:4]!r}); send WAV, "
                             "FLAC, MP3, Ogg or M4A.", param="audio_sample", code="unsupported_file")
