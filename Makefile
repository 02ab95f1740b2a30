# CI and README know only these commands; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: run test lint fix bench proof demo-reset docs help

PORT ?= 8000
HOST ?= 127.0.0.1
FAMILIES ?= 2000
export PORT HOST

run: ## Installer si besoin, puis servir le portail avec les villes de démonstration (PORT=8000 HOST=127.0.0.1)
	@tools/setup run
	@exec .venv/bin/portail demo

demo-reset: ## Refaire à neuf les villes de démonstration (efface leurs données)
	@tools/setup run
	@.venv/bin/portail demo --reset

test: ## Tous les tests : SQLite, PostgreSQL, navigateur
	@tools/setup dev
	@tools/need postgresql chromium libatomic1
	@tools/test

lint: ## Style, types, étages, migrations oubliées
	@tools/setup dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/python manage.py makemigrations --check --dry-run

fix: ## Corriger ce que le style permet de corriger seul
	@tools/setup dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## Mesurer les promesses de vitesse (FAMILIES=20000 : facturer une grande ville, dix minutes)
	@tools/setup dev
	.venv/bin/python -m bench
	.venv/bin/python -m bench invoicing --families $(FAMILIES)
	.venv/bin/python -m bench papers
	.venv/bin/python -m bench payments

proof: lint test bench ## Tout ce qui prouve : lint, test, bench

docs: ## Vérifier les liens des documents
	@tools/docs

help: ## Cette liste
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20
