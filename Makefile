# `make demo` and `make test` do all set-up; nothing need be installed by hand but Python 3.11+.

PYTHON ?= python3
# On Linux, PyPI's torch brings gigabytes of CUDA. The public CPU index of PyTorch avoids that:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test clean

demo: .venv/installed
	$(BIN)/python -m alexnet.demo demo

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

.venv/installed: pyproject.toml constraints.txt setup.py $(wildcard src/alexnet/kernels/c/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Installing into .venv; torch is large, this takes minutes."
	$(PYTHON) -m venv .venv
	$(PIP) $(if $(TORCH_INDEX),--no-deps --index-url $(TORCH_INDEX)) torch
	$(PIP) --editable '.[demo,dev,heic,caffe,onnx]'
	touch $@

clean:
	rm -rf .venv demo
