"""What a file is, told by its bytes: a name or a content type proves nothing.

Only kinds that teams work with are taken. What a browser could run (HTML, SVG, XML, scripts with a `#!` line) and
what a computer could (programs) is none of them. Signatures: the formats' own specifications, as in libmagic.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Literal

from server.domain.text import clean_line

Kind = Literal["picture", "pdf", "document", "text", "archive", "sound", "film"]
MOST_ENTRIES = 5_000  # of an archive that is looked into


@dataclass(frozen=True)
class FileKind:
    """`ending` is the one it is stored and given out under."""

    kind: Kind
    ending: str


_SIGNATURES: tuple[tuple[int, bytes, FileKind], ...] = (
    (0, b"\xff\xd8\xff", FileKind("picture", "jpg")),
    (0, b"\x89PNG\r\n\x1a\n", FileKind("picture", "png")),
    (0, b"GIF8", FileKind("picture", "gif")),
    (8, b"WEBP", FileKind("picture", "webp")),
    (0, b"%PDF-", FileKind("pdf", "pdf")),
    (0, b"ID3", FileKind("sound", "mp3")),
    (0, b"\xff\xfb", FileKind("sound", "mp3")),
    (0, b"OggS", FileKind("sound", "ogg")),
    (8, b"WAVE", FileKind("sound", "wav")),
    (4, b"ftypM4A", FileKind("sound", "m4a")),
    (4, b"ftyp", FileKind("film", "mp4")),
    (0, b"\x1aE\xdf\xa3", FileKind("film", "webm")),
)
_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/epub+zip": "epub",
}
_TEXTS = ("txt", "md", "csv", "json", "srt", "vtt", "ics")
_RIFF = (b"WEBP", b"WAVE")


def told(content: bytes, name: str) -> FileKind | None:
    """What the bytes are; None for a kind that is not taken. Of a text, the name may say which."""
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    for at, signature, kind in _SIGNATURES:
        if content[at : at + len(signature)] == signature:
            if signature in _RIFF and not content.startswith(b"RIFF"):
                continue
            return kind
    return _text(content, name)


def _packed(content: bytes) -> FileKind | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [one.filename for one in archive.infolist()[:MOST_ENTRIES]]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" in names:
        for folder, ending in _OFFICE.items():
            if any(one.startswith(folder) for one in names):
                macros = any(one.endswith("vbaProject.bin") for one in names)
                return None if macros else FileKind("document", ending)
    head = content[30:200]  # an OpenDocument begins with its uncompressed type (OpenDocument 1.3, part 2, 3.3)
    for kind, ending in _OPEN_DOCUMENT.items():
        if head.startswith(b"mimetype" + kind):
            return FileKind("document", ending)
    return FileKind("archive", "zip")


def _text(content: bytes, name: str) -> FileKind | None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
        return None
    if not text.strip() or text.lstrip().startswith(("<", "#!")):
        return None
    ending = name.rpartition(".")[2].lower()
    return FileKind("text", ending if ending in _TEXTS else "txt")


def shown_name(name: str, kind: FileKind, *, most: int) -> str:
    """A name that is safe to show and to save under: no path, no control, and the ending of what it is."""
    line = clean_line(name.replace("/", " ").replace("\\", " ").replace('"', "")).strip(". ")
    stem, dot, ending = line.rpartition(".")
    same = dot and ending.lower() in {kind.ending, "jpeg" if kind.ending == "jpg" else kind.ending}
    kept = (stem if same else line)[: most - len(kind.ending) - 1].rstrip(". ") or "file"
    return f"{kept}.{kind.ending}"
