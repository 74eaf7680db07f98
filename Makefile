# make help says what there is. Everything a target needs is installed by the
# target itself: programs by scripts/setup.sh, Go tools pinned into .bin.

SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN     := $(CURDIR)/.bin
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ENGINE_VERSION := 0.1.0

GOLANGCI_LINT  := v2.15.0
BUF            := v1.75.0
PROTOC_GEN_GO  := v1.36.12
PROTOC_GEN_GRPC := v1.6.2

# PostgreSQL in the test image is the newest that this machine has packages of.
PG_MAJOR := $(or $(lastword $(sort $(notdir $(wildcard /usr/lib/postgresql/*)))),17)

# What the integration tests run on. The images are made by `make test-images`
# without a registry; each can be replaced from outside.
export GALAXY_TEST_POSTGRES_IMAGE ?= galaxy-test/postgres:$(PG_MAJOR)
export GALAXY_TEST_ENGINE_IMAGE   ?= galaxy-test/engine:$(ENGINE_VERSION)
# testcontainers' reaper is an image of its own, which no registry may be there
# for; and where /.dockerenv exists it would look for containers at the default
# gateway instead of on this host.
export TESTCONTAINERS_RYUK_DISABLED ?= true
export TESTCONTAINERS_HOST_OVERRIDE ?= 127.0.0.1

# Under the race detector one bcrypt takes seconds; its package has no goroutine.
GO_TEST := go test -race -gcflags=golang.org/x/crypto/blowfish=-race=false -timeout 10m
# The packages with tests on the real Docker daemon.
INTEGRATION := ./integration/... ./platform/docker/... ./platform/testkit/... ./modules/runtime/... ./cmd/devstack/...

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what is missing on this machine (Debian, as root)
	@scripts/setup.sh

.PHONY: run
run: setup ## run the product with everything it needs, on embedded defaults
	@go build -o $(BIN)/devstack ./cmd/devstack
	@exec $(BIN)/devstack

.PHONY: demo
demo: setup ## play one game from sign-up to the last report
	@go build -o $(BIN)/demo ./cmd/demo
	@exec $(BIN)/demo

.PHONY: build
build: setup ## build the static binaries into .bin
	@echo "build: .bin/backend .bin/engine"
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $(BIN)/backend ./cmd/backend
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $(BIN)/engine ./cmd/engine

.PHONY: check
check: setup lint verify test integration-test ## everything that has to be green
	@echo "check: green"

.PHONY: test
test: setup ## unit and contract tests, on a real Postgres, under the race detector
	@echo "test: go test -race ./..."
	@$(GO_TEST) ./...
	@cd bench && $(GO_TEST) ./...

.PHONY: integration-test
integration-test: test-images ## the real binary against Postgres, SMTP and the Docker daemon
	@echo "integration-test: go test -race -tags integration $(INTEGRATION)"
	@$(GO_TEST) -tags integration $(INTEGRATION)

.PHONY: test-images
test-images: setup ## build the images of the integration tests, without a registry
	@scripts/setup.sh images
	@scripts/postgres-image/build.sh $(GALAXY_TEST_POSTGRES_IMAGE)
	@scripts/engine-image.sh $(GALAXY_TEST_ENGINE_IMAGE)

.PHONY: lint
lint: setup ## formatting, linters, the architecture rules
	@scripts/tool.sh golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint $(GOLANGCI_LINT)
	@echo "lint: golangci-lint $(GOLANGCI_LINT)"
	@$(BIN)/golangci-lint run ./...
	@cd bench && $(BIN)/golangci-lint run ./...

.PHONY: fmt
fmt: ## format all Go files
	@gofmt -l -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: generate
generate: setup generate-proto generate-documents ## regenerate all that is generated

.PHONY: generate-proto
generate-proto: # needs buf and flatc, built once (minutes)
	@scripts/setup.sh generate
	@scripts/tool.sh buf github.com/bufbuild/buf/cmd/buf $(BUF)
	@scripts/tool.sh protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go $(PROTOC_GEN_GO)
	@scripts/tool.sh protoc-gen-go-grpc google.golang.org/grpc/cmd/protoc-gen-go-grpc $(PROTOC_GEN_GRPC)
	@scripts/flatc.sh $(BIN)
	@echo "generate: proto/push, proto/notification"
	@scripts/generate-proto.sh

.PHONY: generate-documents
generate-documents: # openapi.yaml from its fragments, tables from the structs
	@go run ./openapi/bundle
	@go generate ./cmd/backend/...
	@go test ./modules -run TestTheArchitectureDocumentShowsTheDomains -update >/dev/null

.PHONY: verify
verify: setup ## fail when generated files are out of date
	@echo "verify: generated files"
	@scripts/verify.sh

.PHONY: bench
bench: setup ## print every figure beside its baseline of the same run
	@cd bench && go run .

.PHONY: engine-conformance
engine-conformance: setup ## hold any engine against the contract: URL=http://host:8080
	@test -n "$(URL)" || { echo "engine-conformance: say which engine: make engine-conformance URL=http://127.0.0.1:8080"; exit 2; }
	@go test -count=1 -v ./cmd/engine/conformance -engine-url="$(URL)"

.PHONY: engine-image
engine-image: setup ## build the image of the reference engine
	@scripts/engine-image.sh galaxy-engine:$(ENGINE_VERSION)

.PHONY: backend-image
backend-image: setup ## build the image of the backend
	@scripts/backend-image.sh galaxy-backend:$(VERSION)
