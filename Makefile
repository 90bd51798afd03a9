# Every target sets up the virtual environment first, if needed. No target but that one downloads.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LISTING := ../shared/corpus/trending-papers.txt

.PHONY: help demo test test-slow lint bench eval clean
help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (the first time takes about ten minutes: llama.cpp is compiled)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	$(BIN)/rag models prepare
	@touch $@

demo: $(READY) ## Index the starter corpus and answer a question
	@echo '$$ rag ask "How many dialogs are in Taskmaster-1 and how were they collected?"'
	@$(BIN)/rag ask "How many dialogs are in Taskmaster-1 and how were they collected?"
	@echo
	@echo 'Ask more:            $(BIN)/rag ask "your question"     (or a conversation: $(BIN)/rag chat)'
	@echo 'Open the chat page:  $(BIN)/rag ui'
	@echo 'Your own abstracts:  $(BIN)/rag index FILES --index DIR'

test: $(READY) lint ## Run the whole test suite
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not browser"
	$(BIN)/pytest -m "browser and not slow"

test-slow: $(READY) ## Run the long tests: random kills, fuzzing, a clean-environment install
	$(BIN)/pytest -m slow

lint: $(READY) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## Measure speed and memory against the stock way, and the page in a browser
	$(BIN)/python eval/bench.py
	$(BIN)/python eval/page.py

eval: $(READY) ## Measure answers on the question set, and retrieval on Cranfield if it is there
	$(BIN)/rag eval
	@if [ -d ../shared/benchmarks/cranfield ]; then $(BIN)/rag eval retrieval --beir ../shared/benchmarks/cranfield; fi

clean: ## Remove the virtual environment and what was built, models prepared for tests too
	rm -rf $(VENV) .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
