"""AlexNet, whole: photos -> checked set -> training -> error rates, predictions, a report.

    import alexnet

    alexnet.prepare("photos", "set")
    run = alexnet.train("set", "runs/first", budget=1800)
    alexnet.evaluate([run.folder])
    alexnet.predict(run.folder, ["cat.jpg"])
    alexnet.features(run.folder, ["cat.jpg"], "fc7.npy")
    alexnet.report(run.folder)

The same verbs as on the command line; docs/python.md shows them in a notebook.
"""

import importlib
from typing import TYPE_CHECKING, Any

from alexnet._version import __version__

if TYPE_CHECKING:
    from alexnet.benchmarking import benchmark
    from alexnet.data.prepare import Prepared, prepare
    from alexnet.data.store import ImageSet, open_set
    from alexnet.errors import AlexNetError, Interrupted, UsageError
    from alexnet.evaluation import Evaluation, evaluate
    from alexnet.extraction import Features, features
    from alexnet.formats.exporting import export
    from alexnet.formats.importing import import_weights
    from alexnet.model import Model, load_model
    from alexnet.networks.zoo import layers_of
    from alexnet.prediction import Prediction, predict
    from alexnet.reporting import report
    from alexnet.run import Run, open_run
    from alexnet.training.session import resume, train

__all__ = [
    "AlexNetError",
    "Evaluation",
    "Features",
    "ImageSet",
    "Interrupted",
    "Model",
    "Prediction",
    "Prepared",
    "Run",
    "UsageError",
    "__version__",
    "benchmark",
    "evaluate",
    "export",
    "features",
    "import_weights",
    "layers_of",
    "load_model",
    "open_run",
    "open_set",
    "predict",
    "prepare",
    "report",
    "resume",
    "train",
]

_PLACES = {
    "AlexNetError": "errors",
    "Evaluation": "evaluation",
    "Features": "extraction",
    "ImageSet": "data.store",
    "Interrupted": "errors",
    "Model": "model",
    "Prediction": "prediction",
    "Prepared": "data.prepare",
    "Run": "run",
    "UsageError": "errors",
    "benchmark": "benchmarking",
    "evaluate": "evaluation",
    "export": "formats.exporting",
    "features": "extraction",
    "import_weights": "formats.importing",
    "layers_of": "networks.zoo",
    "load_model": "model",
    "open_run": "run",
    "open_set": "data.store",
    "predict": "prediction",
    "prepare": "data.prepare",
    "report": "reporting",
    "resume": "training.session",
    "train": "training.session",
}


def __getattr__(name: str) -> Any:
    """Import on first use (PEP 562): `import alexnet` alone costs nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module 'alexnet' has no attribute {name!r}")
    return getattr(importlib.import_module(f"alexnet.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
