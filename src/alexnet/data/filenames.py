"""What a file's name says: a photo or not, and how an odd name is shown on a terminal."""

from posixpath import splitext

PHOTO_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo", ".png", ".apng", ".gif", ".webp"),
        *(".bmp", ".dib", ".tif", ".tiff", ".tga", ".ico", ".ppm", ".pgm", ".pbm", ".pnm"),
        *(".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpf", ".jpx", ".jxl"),
        # Pictures that are refused one by one with a reason, rather than taken for other files.
        *(".svg", ".psd", ".dng", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
    )
)
SKIPPED_FOLDERS = frozenset(
    ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found")
)
SKIPPED_FILES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
STRONG_FORMATS = frozenset(("JPEG", "PNG", "GIF", "WEBP", "TIFF", "JPEG2000", "AVIF", "HEIF"))
HEAD = 512  # bytes from which the format of a file with an unknown suffix is told


def skipped_folder(name: str) -> bool:
    """Whether a folder of this name is never a class: hidden, or made by a system for itself."""
    return (name.startswith(".") and name != "..") or name in SKIPPED_FOLDERS


def kind_by_name(path: str) -> str:
    """Why the file at ``path`` is no photo ("hidden", "Thumbs.db"), or "" where it may be one."""
    *folders, name = path.split("/")
    for folder in folders:
        if skipped_folder(folder):
            return f"inside {folder}"
    if name.lower() in SKIPPED_FILES:
        return name
    if name.startswith("."):
        return name if name in (".DS_Store", ".gitkeep", ".gitignore") else "hidden"
    return ""


def suffix(path: str) -> str:
    """The suffix in lower case (".jpg"), "" for none."""
    found = splitext(path)[1].lower()
    return "" if found == "." else found


def must_look_inside(path: str) -> bool:
    """Whether only the first bytes can tell if this is a photo: its suffix is no photo's."""
    return not kind_by_name(path) and suffix(path) not in PHOTO_SUFFIXES


def kind(path: str, head: bytes = b"", look: bool = True) -> str:
    """Why the file at ``path`` is no photo (".txt", "hidden"), or "" where it is to be taken.

    ``head`` are its first bytes, where ``must_look_inside``; without ``look`` the name decides.
    """
    if not look or not must_look_inside(path):
        return kind_by_name(path)
    from alexnet.data.decoding.recognise import Unreadable, recognised

    try:
        if recognised(head) in STRONG_FORMATS:
            return ""
    except Unreadable:
        pass
    return suffix(path) or "without suffix"


def shown(name: str) -> str:
    """A name on one line, with nothing invisible in it; bytes that are no UTF-8 as \\xNN."""
    return "".join(map(_visible, name))


def _visible(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
