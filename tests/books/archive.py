"""Files → the bytes of an EPUB."""

import io
import zipfile
from collections.abc import Mapping

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="{path}" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(40) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of them, the mimetype first and stored, as EPUB wants it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for path, content in files.items():
            archive.writestr(path, content)
    return data.getvalue()


def epub_files(package_path: str, package: str, files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """With a container that names the package document."""
    return {"META-INF/container.xml": CONTAINER.format(path=package_path), package_path: package, **files}
