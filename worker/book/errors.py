"""Why a book could not be read."""

from speechmill.errors import SpeechError


class BookUnreadable(SpeechError):
    """The file is no book that we can read, and never will be. `part` names the place in it: "OEBPS/ch1.xhtml",
    "chapters[3].text", "line 12"; empty where it is the file as a whole. The message names it, too."""

    code, http_status, type = "book_unreadable", 400, "invalid_request_error"

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message, param="file")
        self.part = part
