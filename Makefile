# Every target is explained behind two #; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help run skylog test check e2e conform load fuzz demo-image soak up clean packages

FUZZTIME ?= 30s
KILLS ?= 50
RACE ?= ./...

help: ## list the targets
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/make \1 \2/p' Makefile | awk '{ n = $$2; $$1 = $$2 = ""; printf "make %-11s%s\n", n, $$0 }'

run: packages skylog ## build and start everything in one process, on http://127.0.0.1:5000 with its data in ./var
	./skylog serve --data ./var

skylog: ## build ./skylog
	@command -v go >/dev/null || { echo "install Go 1.26 or newer: https://go.dev/dl/" >&2; exit 1; }
	go build -o skylog .

test: packages ## run the tests, without real guests
	go test ./...

check: packages ## format, vet, staticcheck, module, goldens, and the tests with the race detector (RACE: of which packages)
	@files=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard --deduplicate '*.go')); [ -z "$$files" ] || { echo "gofmt is due: $$files" >&2; exit 1; }
	@edited=$$(git diff --name-only --diff-filter=MDR HEAD -- events/testdata); [ -z "$$edited" ] || { echo "what was written to a log must not be edited: $$edited" >&2; exit 1; }
	go mod tidy -diff
	go vet ./...
	go tool staticcheck ./...
	go test -race $(RACE)

e2e: packages skylog ## run the tests that start the built program, real clients and real guests
	@.ci/packages chromium fonts-dejavu-core
	image=$$(./skylog demo-image | tail -n 1); \
	SKYLOG_REAL=1 SKYLOG_DEMO_IMAGE="$$image" go test -count=1 -p 1 -timeout 15m ./e2e/... ./infra/demoimage/... ./infra/hypervisor/... ./infra/netdev/...

conform: packages skylog ## run gophercloud's acceptance tests and the openstack client's commands against it, on simulated hosts
	go test -count=1 -timeout 5m -tags conform -run TestTheOpenstackClientManagesACloud ./e2e/identity
	SKYLOG_CONFORM="$(CURDIR)/skylog" go test -count=1 -timeout 15m -parallel 4 -v ./e2e/conform

load: ## start a cloud of its own and print its figures beside their aims
	go run ./loadtest

fuzz: ## run each fuzz target for 30 s (FUZZTIME)
	@grep -rHoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sort | while IFS=: read -r file name; do \
		echo "$$(dirname "$$file") $${name#func }"; go test "$$(dirname "$$file")" -run '^$$' -fuzz "^$${name#func }$$" -fuzztime $(FUZZTIME); done

demo-image: packages skylog ## build a small Linux image to boot; its path is the last line
	@./skylog demo-image

soak: packages skylog ## kill it fifty times under load and five times under real guests (KILLS)
	SKYLOG_REAL=1 SKYLOG_SOAK=$(KILLS) go test -count=1 -timeout 45m -v ./e2e -run 'Killed|RealGuests|Verify'

up: ## build the container and start it
	docker compose up --build

clean: ## remove what was built; ./var stays
	rm -f skylog
	go clean -testcache

packages:
	@.ci/packages
