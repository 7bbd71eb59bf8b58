"""Help with mistyped names."""

from alexnet.names import nearest


def test_the_nearest_or_all() -> None:
    assert nearest("ephocs", ["epochs", "batch"]) == " (did you mean 'epochs'?)"
    assert nearest("EPOCHS", ["epochs", "batch"]) == " (did you mean 'epochs'?)"
    assert nearest("bgr", ["RGB", "BGR"]) == " (did you mean 'BGR'?)"
    assert nearest("zzz", ["epochs", "batch"]) == " (known: epochs, batch)"
