"""/v1/files and /v1/batches, as the commands use them."""

from pathlib import Path
from typing import Any

import httpx

from speechmill.cli.api import Api
from speechmill.cli.exits import Exit, Failure

BATCHES = "/v1/batches"
FILES = "/v1/files"
BatchView = dict[str, Any]
"""A batch object, as the server sends it."""

UPLOAD = httpx.Timeout(300, connect=5)
"""A file is stored before it is accepted: that takes the server its time, too."""


class BatchApi(Api):
    collection = BATCHES

    def upload(self, file: Path) -> str:
        """The id of the uploaded file."""
        try:
            with file.open("rb") as content:
                return str(self._json("POST", FILES, data={"purpose": "batch"}, files={"file": (file.name, content)},
                                      timeout=UPLOAD)["id"])
        except OSError as error:
            raise Failure(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None

    def create_batch(self, file_id: str, window: str) -> BatchView:
        return self._json("POST", BATCHES, json={"input_file_id": file_id, "endpoint": "/v1/audio/speech",
                                                 "completion_window": window})

    def save_file(self, file_id: str, target: Path) -> None:
        self.save(f"{FILES}/{file_id}/content", target)
