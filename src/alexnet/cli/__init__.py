"""The command line: a table of verbs, one small file each. A verb parses, calls the API, prints."""

import argparse
import importlib
import io
import keyword
import os
import sys
from collections.abc import Sequence

from alexnet._version import __version__
from alexnet.errors import AlexNetError, Interrupted, Told, UsageError

VERBS = {
    "prepare": "make an image set from photos",
    "inspect": "say what is in an image set: counts, sizes, copies, leaks",
    "verify": "check every byte of an image set",
    "train": "train a network on an image set or on photos",
    "evaluate": "measure the error rates of trained networks",
    "predict": "name what photos show",
    "features": "write what a layer says of photos, as a .npy file",
    "report": "write one HTML page about a run",
    "nets": "list the networks, describe one, say how two differ",
    "import": "make a run of weights from elsewhere (Caffe, torchvision)",
    "export": "write the network for ONNX, torch.export, torchvision or a model hub",
    "benchmark": "measure how fast this machine trains, and where the time goes",
}


def module_of(verb: str) -> str:
    """The module of a verb; one that is a word of Python's gets an underscore."""
    return f"{verb}_" if keyword.iskeyword(verb) else verb


def parser_of(verb: str) -> argparse.ArgumentParser:
    """The parser of one verb; importing its module is all that this costs."""
    module = importlib.import_module(f"alexnet.cli.{module_of(verb)}")
    parser = argparse.ArgumentParser(
        prog=f"alexnet {verb}",
        description=module.__doc__,
        epilog=f"Example:\n  {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def main_parser() -> argparse.ArgumentParser:
    """The parser of ``alexnet`` itself: which verb, and nothing else."""
    verbs = "\n".join(f"  {name:11}{text}" for name, text in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="alexnet",
        usage="alexnet VERB ...",
        description="AlexNet, whole: photos -> checked set -> training -> error rates, "
        "predictions, a report.",
        epilog=f"verbs:\n{verbs}\n\n`alexnet VERB --help` explains a verb.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"alexnet {__version__}")
    parser.add_argument("verb", metavar="VERB", choices=VERBS, help=argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code.

    0 all well, 1 failed, 2 wrong call, 3 done with parts left out, 130 stopped and resumable.
    """
    for stream in (sys.stdout, sys.stderr):
        # File and class names may hold what this terminal cannot show; that is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        main_parser().print_help()
        return 2
    verb = main_parser().parse_args(words[:1]).verb
    parser = parser_of(verb)
    # Intermixed: options may stand between photos, or between them and a last word.
    options = parser.parse_intermixed_args(words[1:])
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except (AlexNetError, KeyboardInterrupt, OSError) as error:
        return _exit_code(f"alexnet {verb}", error)


def _exit_code(command: str, error: BaseException) -> int:
    if isinstance(error, BrokenPipeError):
        # The reader of our output has gone (`| head`); writing more at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, OSError):
        error = AlexNetError(f"{error.filename or 'a file'}: {error.strerror or error}")
    if isinstance(error, Told):
        error = error.cause or error
    else:
        print(f"{command}: {str(error) or 'interrupted'}", file=sys.stderr)
    if isinstance(error, KeyboardInterrupt | Interrupted):
        return 130
    return 2 if isinstance(error, UsageError) else 1
