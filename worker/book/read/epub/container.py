"""META-INF: where the package document lies, and whether the book is protected.

https://www.w3.org/TR/epub-33/#sec-container-metainf
"""

import posixpath

from worker.book.errors import BookUnreadable
from worker.book.read.epub.archive import Archive
from worker.book.read.epub.xml import attribute, local_name, parse_xml

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"

_OBFUSCATIONS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_FONTS = (".otf", ".ttf", ".woff", ".woff2", ".ttc")
_RIGHTS = {
    "META-INF/rights.xml": "Adobe's DRM",
    "META-INF/license.lcpl": "Readium LCP",
    "META-INF/sinf.xml": "Apple's FairPlay",
}


def package_path(archive: Archive) -> tuple[str, list[str]]:
    """The entry of the package document, and warnings. Without a container the only .opf of the zip is taken."""
    warnings = []
    container = archive.find(CONTAINER)
    if container is None:
        warnings.append(f"{CONTAINER} is missing.")
    else:
        root = parse_xml(archive.read(container), CONTAINER)
        for element in root.iter():
            if local_name(element) == "rootfile" and attribute(element, "media-type") in ("application/oebps-package+xml", ""):
                named = posixpath.normpath(attribute(element, "full-path"))
                found = archive.find(named)
                if found is not None:
                    return found, warnings
                warnings.append(f"{CONTAINER} names {named}, which is missing.")
    others = [name for name in archive.names if name.lower().endswith(".opf")]
    if len(others) != 1:
        raise BookUnreadable(f"{' '.join(warnings) or f'{CONTAINER} names no package document.'} So nothing says what belongs "
                             f"to the book.",
                             CONTAINER)
    return others[0], [*warnings, f"The package document {others[0]} was found by its name."]


def refuse_protected(archive: Archive) -> None:
    """Raises BookUnreadable for a book under DRM. Obfuscated fonts are fine: they are not read."""
    scheme = next((scheme for path, scheme in _RIGHTS.items() if archive.find(path)), "DRM")
    encryption = archive.find(ENCRYPTION)
    if encryption is None:
        return
    for data in parse_xml(archive.read(encryption), ENCRYPTION).iter():
        if local_name(data) != "encrypteddata":
            continue
        inside = list(data.iter())
        methods = [attribute(child, "Algorithm") for child in inside if local_name(child) == "encryptionmethod"]
        parts = [attribute(child, "URI") for child in inside if local_name(child) == "cipherreference"]
        locked = [part for part in parts if not part.lower().endswith(_FONTS)]
        if locked and not set(methods[:1]) <= set(_OBFUSCATIONS):
            raise BookUnreadable(f"The book is protected by {scheme}: {locked[0]} is encrypted. Only a copy without DRM can be "
                                 f"read.", locked[0])
