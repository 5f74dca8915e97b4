# KneeTrack. `make help` lists the targets; each sets up what it needs (a virtual environment in
# .venv with the pinned dependencies), so `make demo` is all that a fresh clone asks for.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-bluez test-update lint format gen bench soak docs hardware clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "KneeTrack needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(STAMP)

setup: $(STAMP)  ## make the virtual environment

demo: $(STAMP)  ## the main job with no hardware: firmware, Bluetooth, reps, table, report, replay
	@$(BIN)/kneetrack demo

test: $(STAMP)  ## all tests
	@$(BIN)/python -m pytest -n 4 --dist loadscope --no-loadscope-reorder -q

test-bluez: $(STAMP)  ## one more, on an unmodified Linux Bluetooth stack in a virtual machine (qemu)
	@$(BIN)/python -m pytest -q -rs -o "pythonpath=tests/bluez" tests/bluez/scenes.py

test-update: $(STAMP)  ## updates over the radio that go wrong, in whole sessions (minutes)
	@$(BIN)/python -m pytest -q -s -p no:xdist -o addopts= --import-mode=importlib tests/system/update_scenes.py

lint: $(STAMP)  ## style, types of host, kneecore and firmware, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --warnings
	@$(BIN)/python tools/check_firmware_types.py
	@$(BIN)/python tools/gen_protocol_doc.py --check
	@$(BIN)/python tools/gen_vectors.py --check

format: $(STAMP)  ## apply the style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

gen: $(STAMP)  ## make the generated files anew
	@$(BIN)/python tools/gen_protocol_doc.py
	@$(BIN)/python tools/gen_vectors.py

bench: $(STAMP)  ## the figures of tools/README.md (installs the peers to compare with; hours)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@for bench in orientation firmware accuracy detection population gates sensors offline sync movements \
	    gait selftest sets insight reliability replay catalogue cohort export report terminal live page storage \
	    faults imu_faults band_cue cue_agreement; do \
	  echo "== tools/bench_$$bench.py"; $(BIN)/python tools/bench_$$bench.py || exit 1; \
	done
	@$(BIN)/python tools/bench_cue.py --virtual
	@$(BIN)/python tools/bench_two_bands.py 60 50

soak: $(STAMP)  ## eight hours of training in virtual time: memory, clock, losses (an hour)
	@$(BIN)/python tools/soak.py

docs: $(STAMP)  ## the programming interface as web pages, from the docstrings: build/api
	@$(BIN)/python tools/make_docs.py

hardware: $(STAMP)  ## harness drawings, carrier board, enclosures, and all checks on them (hardware/out)
	@command -v dot >/dev/null || { echo "graphviz is missing. On Debian or Ubuntu: apt install graphviz"; exit 1; }
	@/usr/bin/python3 -c 'import pcbnew' 2>/dev/null || \
	  { echo "KiCad's Python module pcbnew is missing. On Debian or Ubuntu: apt install --no-install-recommends kicad kicad-footprints"; exit 1; }
	@test -d /usr/share/kicad/footprints || \
	  { echo "KiCad's footprints are missing. On Debian or Ubuntu: apt install kicad-footprints"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[hardware]'
	@$(BIN)/python hardware/build.py
	@$(BIN)/python -m pytest -q -rs -o testpaths=hardware/checks hardware/checks

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
