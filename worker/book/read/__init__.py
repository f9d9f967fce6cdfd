"""A file → a book: EPUB, Markdown, plain text or JSON. Begin with book.py; apart.py is for files of strangers."""
