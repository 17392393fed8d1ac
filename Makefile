# make run    builds everything and serves the playground on http://localhost:8080 (PORT chooses another port)
# make test   installs what the tests need, then runs all of them, in real Chromium too
# make check  formatting, vet, staticcheck, types and lint
# make fuzz   feeds every decoder with broken input, FUZZTIME=60s each; FUZZ=Link for those whose name has Link
# make bench  measures a training step beside other libraries; SIZES=T ENGINES=chromium,torch ROUNDS=1 for a quick look

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build
.PHONY: build run test check engine kernel references record grain screenshot site tools clean FORCE bench fuzz \
	check-go check-site test-go test-bits test-node test-chromium test-site test-size test-bench test-e2e

# ---- What is built from what --------------------------------------------------------------------------------------------------------

go_root := $(shell go env GOROOT)
go_files := $(shell find . -name node_modules -prune -o -name '*.go' ! -name '*_test.go' -print) go.mod go.sum
engine_files := $(filter-out ./main.go ./site/% ./bench/%,$(go_files)) $(wildcard toy/kernel/kernel.wasm)
site_files := $(shell find site -name node_modules -prune -o -path site/dist -prune -o -path site/e2e -prune -o -type f -print)
worker_files := $(wildcard wasm/*.mjs)
references := $(wildcard mmpo/references/*.ckpt)
engine := build/engine.wasm build/full.wasm build/kernel.wasm build/wasm_exec.js
js := GOOS=js GOARCH=wasm

# Packages whose tests run in JavaScript hosts as well.
js_packages := ./repro ./toy/kernel ./toy ./datasets ./mmpo/bits

build: build/margins
engine: $(engine)
site: site/dist/index.html

run: site
	go run .

build/margins: $(go_files) site/dist/index.html
	go build -trimpath -o $@ .

# Without inlining the engine is 8 % smaller in brotli and as fast: its loops are in the kernel.
engine_flags := -trimpath -ldflags='-s -w' -gcflags=all=-l
build/engine.wasm: $(engine_files) build/go-version
	$(js) go build $(engine_flags) -o $@ ./wasm

# The same with what few visits need: wasm/full.go.
build/full.wasm: $(engine_files) build/go-version
	$(js) go build -tags=full $(engine_flags) -o $@ ./wasm

build/kernel.wasm: toy/kernel/kernel.wasm
	@mkdir -p build
	cp $< $@

# Go's own glue belongs to the Go that built the engine.
build/wasm_exec.js: build/go-version
	cp '$(go_root)/lib/wasm/wasm_exec.js' $@

# Changes when Go does, and only then.
build/go-version: FORCE
	@mkdir -p build; go version | cmp -s - $@ || go version > $@

site/dist/index.html: $(engine) $(site_files) $(worker_files) $(references) site/node_modules/.package-lock.json
	npm --prefix site run --silent build
	@touch $@

site/node_modules/.package-lock.json: site/package-lock.json
	npm --prefix site ci
	@touch $@

# ---- What is made by hand, and committed ----------------------------------------------------------------------------------------------

# The kernel from its C source; the references that are shipped; the run and the sweep that are drawn before the engine is loaded; the README's pictures.
kernel: tools
	toy/kernel/build.sh

references:
	go run . references

record:
	go run . record
	go run . record-sweep --tune

# How many levels are enough, by world and stakes: results/grain. Forty minutes on two cores; what is done is not done again.
grain: $(addprefix grain-,script-skew script-mid script-flat support-service)
grain-%:
	go run . sweep --world=$(word 1,$(subst -, ,$*)) --stakes=$(word 2,$(subst -, ,$*)) --tune --out=build/grain/$*
	go run . report build/grain/$* --out=results/grain/$*

screenshot: tools build/margins
	node scripts/screenshot.mjs

# ---- Checks -------------------------------------------------------------------------------------------------------------------------

check: check-go check-site

staticcheck := .bin/staticcheck-v0.8.2
$(staticcheck):
	GOBIN='$(CURDIR)/.bin' go install honnef.co/go/tools/cmd/staticcheck@$(subst .bin/staticcheck-,,$@)
	mv .bin/staticcheck $@

check-go: $(staticcheck)
	@unformatted="$$(gofmt -l $$(find . -name node_modules -prune -o -name '*.go' -print))"; \
	if [ -n "$$unformatted" ]; then echo "gofmt -w" $$unformatted >&2; exit 1; fi
	go vet ./...
	$(js) go vet -tags=full ./wasm ./bench/engine $(js_packages)
	$(staticcheck) ./...
	$(js) $(staticcheck) -tags=full ./wasm ./bench/engine $(js_packages)

check-site: site/node_modules/.package-lock.json $(engine)
	npm --prefix site run --silent check

# ---- Tests --------------------------------------------------------------------------------------------------------------------------

test: tools check test-go test-bits test-node test-chromium test-site test-size test-bench test-e2e

# Each is PACKAGE:COMMAND. clang and lld rebuild the kernel, to compare it with the one that is committed.
tools:
	@scripts/install.sh chromium:chromium clang-19:clang-19 lld-19:wasm-ld-19 python3:python3

# Only what passed through a log is known to have run; .ci/run prints them at its end.
log = 2>&1 | tee build/test/$@.log
build/test:
	@mkdir -p $@

test-go: tools | build/test
	go test ./... $(log)

# The same bits when the compiler may fuse operations (GOAMD64=v3 has FMA), and with the race detector's other timing and memory.
same_bits := ./mmpo ./mmpo/bits -run 'SameInEveryHost|ComputesTheSame'
test-bits: | build/test
	if grep -qw avx2 /proc/cpuinfo; then GOAMD64=v3 go test $(same_bits); else echo 'GOAMD64=v3 IS NOT TESTED: no AVX2'; fi $(log)
	go test -race $(same_bits) 2>&1 | tee -a build/test/$@.log

test-node test-chromium: test-%: tools site/node_modules/.package-lock.json build/wasm_exec.js | build/test
	$(js) go test -exec 'node $(CURDIR)/wasm/goexec.mjs --host=$*' $(js_packages) $(log)

test-site: site/node_modules/.package-lock.json $(engine) | build/test
	npm --prefix site run --silent test $(log)

test-size: site | build/test
	npm --prefix site run --silent size $(log)

test-bench: | build/test
	node --test --test-reporter=spec bench/results.test.mjs $(log)

test-e2e: tools build/margins | build/test
	npm --prefix site run --silent e2e $(log)

# Whatever function is called Fuzz... is a target, so that there is no list to keep. Findings are kept in the package's testdata/fuzz.
FUZZTIME ?= 60s
FUZZ ?= .
fuzz:
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' | grep -e '$(FUZZ)' || true); do \
			echo "$$package $$target"; \
			go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s | tail -n 4; \
		done; \
	done

# ---- Measurements: bench/README.md --------------------------------------------------------------------------------------------------

build/bench/margins: $(go_files)
	go build -trimpath -o $@ .

build/bench/engine.wasm: $(go_files) build/go-version
	$(js) go build $(engine_flags) -o $@ ./bench/engine

bench/node_modules/.package-lock.json: bench/package-lock.json
	npm --prefix bench ci && touch $@ || echo '!!! Other libraries are not installed, and will be missing in the table'

# What cannot be installed is missing in the table, and said so: hence every ||.
bench: $(engine) build/bench/margins build/bench/engine.wasm site/node_modules/.package-lock.json bench/node_modules/.package-lock.json
	@scripts/install.sh chromium:chromium clang-19:clang-19 lld-19:wasm-ld-19 || true
	@/usr/bin/python3 -c 'import torch' 2>/dev/null || scripts/install.sh python3-torch:- libopenblas0-pthread:- || true
	node bench/bench.mjs $(foreach option,SIZES ENGINES ROUNDS SECONDS EXTRAS,$(option)=$($(option)))

clean:
	rm -rf build .bin site/node_modules
	find site/dist -mindepth 1 ! -name .gitkeep -delete

FORCE:
