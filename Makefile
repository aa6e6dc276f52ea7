# One word does everything: `make run` on a fresh machine with Python 3.11 or newer.
# The work itself is in config/setup/, which needs nothing but Python's standard library.

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	if $$name -c '$(NEW_ENOUGH)' 2>/dev/null; then command -v $$name; break; fi; done)

.DEFAULT_GOAL := help
.PHONY: help run dev test quick check bench chaos fuzz screenshots lock

help:
	@echo 'make run     set everything up and start the demo on http://127.0.0.1:8000'
	@echo 'make dev     the same, starting again when a source changes'
	@echo 'make test    everything: style, types, all tests with real services and a browser'
	@echo 'make quick   unit tests without services'
	@echo 'make check   style and types only'
	@echo 'make bench   measure the figures of the design beside their peers (BENCH=short: minutes less);'
	@echo '             ten minutes of a weak network, as root, are asked for by name: .venv/bin/python -m tests.bench weak'
	@echo 'make chaos   50,000 messages and 40 faults on each kind of database: nothing may be lost (CHAOS=--help)'
	@echo 'make fuzz    made-up input for FUZZ minutes (10) at least: packets, SDP, frames, commands, texts, backups'
	@echo 'make screenshots   take web/screenshots/ anew from the demo; somebody must look at them'
	@echo 'make lock    renew the locked packages after a change of pyproject.toml'

run dev test quick check bench chaos fuzz screenshots lock:
	@if [ -z '$(PYTHON)' ]; then \
		echo "Multaqa needs Python 3.11 or newer. Found: $$(python3 --version 2>&1)."; \
		echo "Install one (on Debian 12: apt-get install python3) or name it: make $@ PYTHON=/path/to/python3"; \
		exit 1; \
	fi
	@exec $(PYTHON) -m config.setup $@
