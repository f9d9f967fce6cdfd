"""Project Gutenberg's frame around a book: its header and its licence, which are not of the book.

https://www.gutenberg.org/policy/license.html
"""

import re

START = re.compile(r"\*{3}\s*START OF (?:THE|THIS) PROJECT GUTENBERG [^\n]*|\*END\*?THE SMALL PRINT![^\n]*", re.IGNORECASE)
END = re.compile(r"\*{3}\s*END OF (?:THE|THIS) PROJECT GUTENBERG\b|^End of (?:the )?Project Gutenberg(?:['’]s|\s+EBook"
                 r"|\s+Etext)\b",
                 re.IGNORECASE | re.MULTILINE)

HEADER = "Project Gutenberg header"
LICENCE = "Project Gutenberg licence"
