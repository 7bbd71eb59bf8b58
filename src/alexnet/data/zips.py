"""Zip archives: what is in them, and the bytes of each member, in their order."""

import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from alexnet.data.archives import BROKEN, DEVICE, LINK, Members, clean, cut
from alexnet.data.filenames import HEAD, must_look_inside, shown
from alexnet.data.trees import Entry
from alexnet.errors import AlexNetError

DAMAGED = (*BROKEN, NotImplementedError, RuntimeError)
METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 98: "PPMd"}
UNIX, ORDINARY, SYMBOLIC = 3, 0o10, 0o12  # of the fields "system" and "external attributes"


def list_zip(path: Path) -> tuple[list[Entry], list[str], list[str]]:
    """As ``list_tar``; AlexNetError also for an archive that asks for a password."""
    members = Members()
    try:
        with zipfile.ZipFile(path) as archive:
            for info in _in_order(archive):
                name = _name(info)
                if info.is_dir():
                    members.add_folder(name)
                    continue
                if info.flag_bits & 1:
                    raise AlexNetError(_encrypted(path, name))
                problem = members.problem(name) or _problem(info)
                head = b"" if problem else _head(archive, info, name)
                members.add(name, info.file_size, _stamp(info), head, problem)
    except BROKEN as error:
        raise AlexNetError(cut(path, "", error)) from error
    return members.entries, sorted(members.folders), []


def stream_zip(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes | str]]:
    """(name, bytes) of the wanted members, or (name, reason) of those that are damaged inside."""
    left = set(wanted)
    try:
        with zipfile.ZipFile(path) as archive:
            for info in _in_order(archive):
                name, problem = clean(_name(info))
                if not problem and not info.is_dir() and name in left:
                    left.remove(name)
                    yield name, _bytes(archive, info)
    except BROKEN as error:
        raise AlexNetError(cut(path, "", error)) from error


def _in_order(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return sorted(archive.infolist(), key=lambda info: info.header_offset)


def _name(info: zipfile.ZipInfo) -> str:
    """The name; many packers write UTF-8 without saying so, which zipfile reads as cp437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _stamp(info: zipfile.ZipInfo) -> int:
    return int("".join(f"{number:02}" for number in info.date_time))


def _problem(info: zipfile.ZipInfo) -> str:
    kind = info.external_attr >> 28 if info.create_system == UNIX else 0
    if kind == SYMBOLIC:
        return LINK
    return "" if kind in (0, ORDINARY) else DEVICE


def _head(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    if not must_look_inside(clean(name)[0]):
        return b""
    try:
        with archive.open(info) as file:
            return file.read(HEAD)
    except DAMAGED:
        return b""


def _bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | str:
    try:
        return archive.read(info)
    except NotImplementedError:
        method = METHODS.get(info.compress_type, f"method {info.compress_type}")
        return f"packed with {method}, which cannot be read here; pack the archive again"
    except DAMAGED as error:
        return f"damaged inside the archive: {error}"


def _encrypted(path: Path, name: str) -> str:
    return (
        f"{shown(str(path))} is encrypted ({shown(name)} asks for a password). "
        "Unpack it yourself and give the folder."
    )
