"""EPUB 2 and 3.

https://www.w3.org/TR/epub-33/, https://idpf.org/epub/20/spec/OPF_2.0.1_draft.htm
"""
