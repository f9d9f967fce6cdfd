"""Identifiers: a prefix that says what it names, then a UUIDv7 in hex, so that sorting by id is sorting by age."""

import os
import time


def new_id(prefix: str) -> str:
    """`speech_0199…`: 48 bits of milliseconds, then 74 random bits, as RFC 9562 §5.7 lays out a UUIDv7."""
    ms = time.time_ns() // 1_000_000
    tail = int.from_bytes(os.urandom(10), "big")
    value = (ms & (1 << 48) - 1) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{prefix}_{value:032x}"
