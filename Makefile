# make demo    a whole network on this machine; Ctrl-C ends it
# make test    everything that must hold
# make build   the binaries, into bin/
# make proof   what is claimed about doors, measured: every attack, mutant, model and, for hours, fuzz target
# make fuzz    every parser, FUZZTIME (5m) each
# make screens a picture of every page, and docs/pages.md, which shows them
# make gen     what is generated from our own sources and committed

export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false
BIN := bin
COMMANDS := lockstep lockstep-locker lockstep-guard lockstep-sign

FUZZTIME ?= 5m

# rooms in which nothing runs beside anything else: the race detector has nothing to find there, and takes its time
PURE := guard/rules|guard/statement|proof/model|audit|parcel|internal/sheet

# rooms whose tests look at pages
PAGES := ./notifier ./hub/internal/tracking ./hub/internal/widget ./hub/internal/console ./locker/kiosk ./internal/courier ./cabinet

.PHONY: demo script test proof proven crash fuzz build development release web screens gen fresh bench clean

demo: development web
	$(BIN)/lockstep demo

script: development
	$(BIN)/lockstep demo --script

build: web
	go build -trimpath -ldflags='-s -w' -o $(BIN)/ $(addprefix ./cmd/,$(COMMANDS))

# development builds read the clock file and take development charters' short cuts; the demo and the tests run them
development: web
	go build -tags development -o $(BIN)/ $(addprefix ./cmd/,$(COMMANDS))

# a guard as it is shipped, for the drill to look at
release:
	go build -trimpath -ldflags='-s -w' -o $(BIN)/release/ ./cmd/lockstep-guard

# third-party browser code, bundled from npm packages with exact versions; none of it is committed
web: internal/web/dist/.built

internal/web/dist/.built: web/package-lock.json web/build.mjs $(wildcard web/src/*)
	@scripts/need npm=npm node=nodejs
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	touch $@

test: fresh development release
	@scripts/need systemd-analyze=systemd initdb=postgresql chromium=chromium zbarimg=zbar-tools pdftoppm=poppler-utils node=nodejs python3=python3 curl=curl gcc=gcc,libc6-dev spin=spin strace=strace
	@test -z "$$(gofmt -l audit cabinet carrier ceremony cmd demo drill e2e guard hub internal locker merchant notifier parcel proof sign *.go)" || { echo "run gofmt -w" >&2; exit 1; }
	go vet ./...
	go vet -tags development ./...
	CGO_ENABLED=1 go test -race -timeout 30m $$(go list ./... | grep -vxE 'lockstep/($(PURE))')
	go test -timeout 30m $$(go list ./... | grep -xE 'lockstep/($(PURE))')
	CGO_ENABLED=1 go test -race -tags development ./guard/clock ./guard/journal
	go test -count=1 -tags e2e -timeout 30m ./e2e/...
	$(BIN)/lockstep drill --quick --release $(BIN)/release/lockstep-guard
	$(BIN)/lockstep drill --crash --sample 100
	scripts/fuzz 300x

# further targets that a proof makes first
PROOFS := fuzz crash

proof:
	@begun=$$(date +%s); $(MAKE) --no-print-directory proven; status=$$?; took=$$(( $$(date +%s) - begun )); \
		echo "proof: $$(( took / 60 )) min $$(( took % 60 )) s"; exit $$status

proven: development release $(PROOFS)
	@scripts/need gcc=gcc,libc6-dev spin=spin strace=strace
	$(BIN)/lockstep drill --release $(BIN)/release/lockstep-guard --table --into docs/attackers.md
	$(BIN)/lockstep drill --mutants
	$(BIN)/lockstep drill --replay 2020 --into docs/replay-2020.svg
	go test -count=1 -timeout 60m ./proof/model -bugs
	LOCKSTEP_STEPS=1000000 go test -count=1 -timeout 60m -run TestReferenceModel ./guard/rules

# the guard killed, torn and starved of its disk at every call that lasts, in every flow
crash: development
	$(BIN)/lockstep drill --crash --into docs/crash.md

# how many mutated frames a guard's sockets take is for the drill: bin/lockstep drill --frames 10000000 A06
fuzz: web
	scripts/fuzz $(FUZZTIME)

screens: export LOCKSTEP_SCREENSHOTS := $(CURDIR)/docs/screens
screens: development
	@scripts/need chromium=chromium zbarimg=zbar-tools
	rm -rf docs/screens
	go test -count=1 -p 1 $(PAGES)
	go test -count=1 -tags e2e -run 'TestStrangerWalksTheDemo|TestWhatFirstPagesCost' ./e2e
	scripts/pages docs/screens > docs/pages.new && mv docs/pages.new docs/pages.md

gen:
	@scripts/need gcc=gcc,libc6-dev
	CGO_ENABLED=1 go tool -modfile=tools/sqlc.mod sqlc generate
	go tool -modfile=tools/templ.mod templ generate -log-level error
	go generate ./...
	go list -deps ./cmd/lockstep-guard | LC_ALL=C sort > guard/links.txt
	go list -deps ./cmd/lockstep-sign | LC_ALL=C sort > sign/links.txt

fresh: gen
	@git diff --exit-code -- '*_templ.go' '*/store/*.go' docs guard/links.txt sign/links.txt || { echo "generated files are not fresh: run make gen and commit" >&2; exit 1; }

bench: development
	go test -run '^$$' -bench . -benchtime 2000x ./guard
	go test -tags e2e -run '^$$' -bench . -benchtime 20x ./e2e

clean:
	rm -rf $(BIN) web/node_modules internal/web/dist/* internal/web/dist/.built
