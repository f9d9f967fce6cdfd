"""EPUB 3 with media overlays: the text of a book that lights up as it is read aloud (EPUB 3.3, §9 Media overlays)."""
