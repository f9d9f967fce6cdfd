"""An S3 object as a readable stream."""

import io
from typing import TYPE_CHECKING

from speechmill.blobs.s3_errors import translated

if TYPE_CHECKING:
    from botocore.response import StreamingBody


class ObjectStream(io.RawIOBase):
    """The body of a GetObject. Raises BlobsUnavailable when it breaks off: botocore compares what came with
    Content-Length, so a connection that ends halfway is never taken for the end of the object."""

    def __init__(self, body: "StreamingBody", endpoint: str) -> None:
        self._body = body
        self._endpoint = endpoint

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]  # what BufferedReader passes
        with translated(self._endpoint):
            return self._body.readinto(buffer)  # type: ignore[arg-type]  # the stubs ask for a file

    def close(self) -> None:
        # Closes the connection unless all was read; what is left on it could not be told from the next answer.
        self._body.close()
        super().close()
