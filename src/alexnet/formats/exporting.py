"""A trained network for other programs: the suffix of the file says for which."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alexnet.errors import AlexNetError, UsageError
from alexnet.files import check_place
from alexnet.formats import comparing
from alexnet.formats.comparing import Difference
from alexnet.model import Model, check_finite, load_model
from alexnet.results import saved_evaluations

FORMATS = {
    ".onnx": "ONNX",
    ".pt2": "torch.export",
    ".pth": "torchvision's state dict",
    "": "a model hub's folder",
}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Exported:
    """What was written; ``difference``: between its answers and the network's, None: not known."""

    file: Path  # or the folder
    format: str  # a value of FORMATS
    files: tuple[Path, ...]
    difference: Difference | None

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(path.stat().st_size for path in self.files)


def export(
    run: Path | str | Model,
    file: Path | str,
    preprocessing: bool = False,
    say: Say = print,
) -> Path:
    """Write the model of a run for other programs; returns the path of what was written.

    The suffix of ``file`` says what: ``.onnx``; ``.pt2`` for torch.export; ``.pth`` for the state
    dict of torchvision's alexnet or vgg16; none, or a / at the end, for a folder as hubs have it.
    ``preprocessing`` (ONNX only) puts everything from the stored square to the probabilities into
    the file. ``say`` gets notes.

    What is written is read back and compared with the network; where it is not the same, nothing
    is left. AlexNetError for that, where there is no model, and where the format cannot hold this
    network; UsageError for an unknown suffix, no name, and where something is there already.
    """
    return written(run, file, preprocessing, say).file


def written(
    run: Path | str | Model,
    file: Path | str,
    preprocessing: bool = False,
    say: Say = print,
) -> Exported:
    """The same, with what there is to know about it."""
    suffix, target = place(file, preprocessing)
    model = run if isinstance(run, Model) else load_model(run)
    check_finite(model, f"The network {model.name}")
    if suffix == ".onnx":
        return _onnx(model, target, preprocessing, say)
    if suffix == ".pt2":
        return _torch_export(model, target)
    if suffix == ".pth":
        return _torchvision(model, target, say)
    return _hub(model, run, target)


def place(file: Path | str, preprocessing: bool = False) -> tuple[str, Path]:
    """The suffix that says the format, and where to write; UsageError where that cannot be."""
    target = Path(file)
    suffix = "" if str(file).endswith("/") else target.suffix.lower()
    if target.name.lower() in ("", "..", *FORMATS):
        raise UsageError(
            f"{str(file)!r} is no name for a file; give one such as model.onnx, or model for a "
            "folder."
        )
    if suffix not in FORMATS:
        known = ", ".join(f"{known} ({what})" for known, what in FORMATS.items() if known)
        raise UsageError(
            f"{target} ends in {target.suffix!r}, which is no known format. Known are {known}, and "
            f"for {FORMATS['']} no suffix, or a / at the end."
        )
    if preprocessing and suffix != ".onnx":
        raise UsageError(f"Only a file .onnx can hold the preprocessing; {target} is none.")
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists already; choose another name or remove it.")
    if not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: there is no folder {target.parent}.")
    check_place(target)
    return suffix, target


def _onnx(model: Model, target: Path, preprocessing: bool, say: Say) -> Exported:
    try:
        from alexnet.formats.onnx_graph import write_onnx
    except ModuleNotFoundError as error:
        raise AlexNetError(
            f"Writing ONNX takes {error.name}, which is not installed: pip install 'alexnet[onnx]'."
        ) from error
    difference = write_onnx(model, target, preprocessing)
    if difference is None:
        say(
            "Not compared with the network, because onnxruntime is not installed: "
            "pip install 'alexnet[onnx]'."
        )
    return Exported(target, FORMATS[".onnx"], (target,), difference)


def _torch_export(model: Model, target: Path) -> Exported:
    from alexnet.formats.torch_export import write_program

    difference = write_program(model, target)
    return Exported(target, FORMATS[".pt2"], (target,), difference)


def _torchvision(model: Model, target: Path, say: Say) -> Exported:
    from alexnet.formats.describing import facts
    from alexnet.formats.torchvision import beside, made_alike, which, write_state_dict

    name = which(model)
    for path in beside(target):
        if path.exists():
            raise UsageError(
                f"{path} exists already, without {target.name}: another file, or what an export "
                f"left that was killed. Remove it, or choose another name than {target.name}."
            )
    paths = write_state_dict(model, target)
    made = "are made ready as for its own weights"
    if not made_alike(model):
        made = f"are not made ready as for its own weights, but thus: {facts(model)['pictures']}"
    say(f"For torchvision.models.{name}(num_classes={len(model.classes)}); pictures {made}.")
    return Exported(target, FORMATS[".pth"], tuple(paths), comparing.NONE)


def _hub(model: Model, run: Path | str | Model, target: Path) -> Exported:
    from alexnet.formats.hub import write_hub

    write_hub(model, target, [] if isinstance(run, Model) else saved_evaluations(run))
    return Exported(target, FORMATS[""], tuple(sorted(target.iterdir())), comparing.NONE)
