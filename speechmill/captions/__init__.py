"""Captions: a text and its times in pieces that fit on a screen, as WebVTT and SubRip."""
