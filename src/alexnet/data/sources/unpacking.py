"""What comes out of gzip, bzip2 and xz, front to back, within limits that attacks run into."""

import bz2
import gzip
import io
import lzma
from pathlib import Path
from typing import BinaryIO

from alexnet.data.filenames import shown
from alexnet.data.sources.archives import BZIP2, GZIP
from alexnet.errors import AlexNetError

CHUNK = 1 << 20  # bytes
MEMORY = 256 << 20  # bytes for a dictionary of xz; its highest preset takes 65 MB
RATIO, FREE = 200, 1 << 30  # unpacked to packed bytes, from so many unpacked ones on; photos have 1


class Unpacked:
    """The bytes in a packed file. ``read`` raises EOFError where they end too early.

    AlexNetError where they are far more than photos can be, or need more memory than photos do.
    """

    start = 0
    end: int | None = None

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file, self.at = path, file, 0
        self.stream = _stream(file)

    def read(self, at: int, count: int) -> bytes:
        """Bytes from ``at`` on, fewer at the end; there is no going back."""
        while self.at < at:
            if not self._next(min(at - self.at, CHUNK)):
                raise EOFError("unexpected end of data")
        return self._next(count)

    def _next(self, count: int) -> bytes:
        try:
            data = self.stream.read(count)
        except lzma.LZMAError as error:
            if "limit" not in str(error):
                raise
            raise AlexNetError(
                self._refused(f"unpacking it takes over {MEMORY >> 20} MB")
            ) from error
        self.at += len(data)
        if self.at > FREE and self.at > RATIO * self.file.tell():
            raise AlexNetError(self._refused(f"it unpacks to more than {RATIO} times its size"))
        return data

    def _refused(self, why: str) -> str:
        return f"{shown(str(self.path))} is refused: {why}, as attacks do. Pack the photos again."


def _stream(file: BinaryIO) -> io.BufferedIOBase:
    head = file.read(8)
    file.seek(0)
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=file)
    return bz2.BZ2File(file) if head.startswith(BZIP2) else io.BufferedReader(_Xz(file), CHUNK)


class _Xz(io.RawIOBase):
    """As lzma.LZMAFile, which has no limit for the memory that a file may ask for."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.one = file, lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data:
            packed = self._packed()
            if packed is None:
                return 0
            data = self.one.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _packed(self) -> bytes | None:
        """What is to be unpacked next, perhaps nothing; None at the end."""
        if self.one.eof:
            if following := self._following():
                self.one = lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY)
            return following or None
        if not self.one.needs_input:
            return b""
        packed = self.file.read(CHUNK)
        if not packed:
            raise EOFError("unexpected end of data")
        return packed

    def _following(self) -> bytes:
        """What comes behind the end of a stream, and zeros that may lie between: another one."""
        packed = self.one.unused_data.lstrip(b"\0")
        while not packed and (more := self.file.read(CHUNK)):
            packed = more.lstrip(b"\0")
        return packed
