# tipring. Every target does its own set-up, on a Debian 12 or 13 that has git, make and python3.
# The first time needs the network (and root or sudo for Debian's packages), later times do not.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps
NATIVE := $(wildcard native/*.py native/include/*.h native/src/*/*.[ch])

# Debian packages, named here and nowhere else.
APT_BUILD := ca-certificates python3-venv python3-dev build-essential pkg-config \
             libsystemd-dev libasound2-dev libsrtp2-dev nettle-dev
APT_DEMO  := asterisk-core-sounds-en-wav
APT_TEST  := sip-tester baresip-core kamailio kamailio-tls-modules linphone-cli iproute2 nftables \
             pulseaudio libasound2-plugins libspandsp-dev systemd clang libclang-rt-dev
APT_FRESH := mmdebstrap
APT_VM    := qemu-system-arm qemu-user gcc-aarch64-linux-gnu swig cpio kmod debian-archive-keyring

# make demo ARGS="...", make test ARGS="-k sdp", make test-vm ARGS="-k edge", make run SOUND=default, make fuzz SECONDS=600
ARGS    ?=
SOUND   ?=
SECONDS ?= 60
SUITE   ?= bookworm trixie
TARGET  ?= test demo

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-fast test-vm lint format bench bench-sip fuzz fresh clean
.PHONY: apt-build apt-demo apt-test apt-fresh apt-vm

help:
	@echo 'make demo       a whole call into a simulated phone: shown, recorded, plotted, judged'
	@echo 'make run        a simulated phone for any softphone to call; SOUND=default: your sound card'
	@echo 'make test       everything: lint, C tests, Python tests, real peers (what CI runs)'
	@echo 'make test-fast  the Python tests that need no peer and no patience; ARGS="-k sdp" for some'
	@echo 'make test-vm    the drivers on a machine with simulated pins and sound; ARGS="shell" to look around'
	@echo 'make lint       ruff and mypy; make format lets ruff write'
	@echo 'make bench      our figures beside those of other programs'
	@echo 'make bench-sip  our SIP stack beside the SIP libraries of PyPI; ARGS="--quick"'
	@echo 'make fuzz       SIP and RTP against damaged and random bytes; SECONDS=600 for longer'
	@echo 'make fresh      SUITE="bookworm trixie" TARGET="test demo" on machines made for it'
	@echo 'make setup      what all of these need; make clean removes what they made'

# ---- what the product does -----------------------------------------------------------------------

demo: apt-demo $(STAMPS)/demo $(STAMPS)/tipring
	@$(BIN)/python -m tests.demo $(ARGS)

run: $(STAMPS)/tipring
	@PATH="$(CURDIR)/$(BIN):$$PATH" SOUND="$(SOUND)" tests/demo/phone $(ARGS)

# ---- what proves it ------------------------------------------------------------------------------

setup: apt-test $(STAMPS)/dev $(STAMPS)/tipring

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The C tests, sanitizers and a minute of fuzzing are among them (tests/native).
test: lint
	$(BIN)/python -m pytest --no-skips --timeout=600 $(ARGS)

test-fast: setup
	$(BIN)/python -m pytest -m 'not slow and not peer' $(ARGS)

test-vm: apt-vm $(STAMPS)/base
	@$(BIN)/python -m tests.vm $(ARGS)

bench: setup
	$(BIN)/python -m tests.bench $(ARGS)

bench-sip: $(STAMPS)/peers
	$(BIN)/python -m tests.bench.libraries $(ARGS)

fuzz: setup
	$(MAKE) -C native fuzz SECONDS=$(SECONDS)
	TIPRING_FUZZ_SECONDS=$(SECONDS) $(BIN)/python -m pytest -q tests/sip/test_fuzz.py

fresh: apt-fresh
	@for suite in $(SUITE); do \
	    tests/platform/fresh $$suite make $(TARGET) || exit; \
	done

clean:
	rm -rf $(VENV) build native/build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find gateway native tests \( -name __pycache__ -o -name '*.so' -o -name '*.o' \) \
	    -prune -exec rm -rf {} +

# ---- set-up --------------------------------------------------------------------------------------

apt-build: ; @.ci/apt-install $(APT_BUILD)
apt-demo: apt-build ; @.ci/apt-install $(APT_DEMO)
apt-test: apt-demo ; @.ci/apt-install $(APT_TEST)
apt-fresh: ; @.ci/apt-install $(APT_FRESH)
apt-vm: apt-build ; @.ci/apt-install $(APT_VM)

$(STAMPS)/venv: | apt-build
	@echo "== Python environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# base: what tipring needs to run; demo: and to be shown; dev: and to be worked on; peers: other
# people's SIP libraries, to be measured against.
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install
$(STAMPS)/base: pyproject.toml | $(STAMPS)/venv
$(STAMPS)/demo: pyproject.toml | $(STAMPS)/base
$(STAMPS)/dev: pyproject.toml | $(STAMPS)/demo
$(STAMPS)/peers: pyproject.toml | $(STAMPS)/base
$(STAMPS)/base $(STAMPS)/demo $(STAMPS)/dev $(STAMPS)/peers:
	@echo "== Python packages ($(@F))"
	@$(BIN)/python .ci/requirements $(filter-out base,$(@F)) > $@.txt
	@$(PIP) --use-pep517 --requirement $@.txt
	@touch $@

# tipring itself, editable, its engine compiled; the build tools are there already: no network.
$(STAMPS)/tipring: pyproject.toml $(NATIVE) | $(STAMPS)/base
	@echo "== tipring and its native engine"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
