# What a person types. `make help` lists it; the work is in scripts/.

SHELL = /bin/bash
PREFIX = /usr/local
DESTDIR =

bindir = $(DESTDIR)$(PREFIX)/bin
docdir = $(DESTDIR)$(PREFIX)/share/doc/s3prune

.DEFAULT_GOAL = help
.PHONY: help demo build test check bench fuzz soak install uninstall clean

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: ## install what building needs, build, and print the report of a bucket kept in the repository
	@scripts/install-dependencies
	@scripts/build-quietly --product s3prune
	@scripts/demo

build: ## debug builds of s3prune and backup
	@scripts/install-dependencies
	swift build

test: ## install what the tests need, then run all of them, beside a real S3 server
	@scripts/install-dependencies --tests
	@scripts/python-environment
	@scripts/run-tests

check: ## what CI runs: layout, scripts, fixtures, warnings as errors, all tests
	@scripts/install-dependencies --tests
	@scripts/python-environment
	@scripts/check

bench: ## release builds, then what listings, deletions and uploads cost, beside other tools
	@scripts/install-dependencies --tests
	@scripts/python-environment
	@scripts/build-quietly -c release --product s3prune
	@scripts/build-quietly -c release --product backup
	@scripts/measure-listing.py
	@scripts/measure-deletion.py
	@scripts/measure-upload.py text
	@scripts/measure-upload.py stream

MINUTES = 10

fuzz: ## libFuzzer over everything that reads bytes of others, MINUTES=10 each
	@scripts/install-dependencies
	@scripts/fuzz $(MINUTES)

soak: ## a million random histories, every fault, kills, sanitizers: hours; PARTS=… for some of it
	@scripts/install-dependencies --tests
	@scripts/soak $(PARTS)

install: ## release builds to PREFIX (/usr/local), below DESTDIR
	@scripts/install-dependencies
	swift build -c release --static-swift-stdlib --product s3prune
	swift build -c release --static-swift-stdlib --product backup
	install -d $(bindir) $(docdir)/policies
	install -s -m 755 .build/release/s3prune .build/release/backup $(bindir)
	install -m 644 $(wildcard README.md CHANGELOG.md) LICENSE $(docdir)
	install -m 644 $(wildcard policies/*) $(docdir)/policies

uninstall: ## what install put there
	rm -f $(bindir)/s3prune $(bindir)/backup
	rm -rf $(docdir)

clean: ## what was built, and the tests' Python
	rm -rf .build .build-* .venv .fuzz
