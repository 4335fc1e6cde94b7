# The hotline in two commands: make run, make test.
# What must be there beforehand: git, make, Go and apt's tools.

.POSIX:
SHELL = /bin/sh
VERSION = $$(git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: run test lint bench chaos overload soak fuzz build tools fresh clean help

help:
	@echo 'make run      everything on this machine, until Ctrl-C (LISTEN=0.0.0.0 opens it to the network)'
	@echo 'make test     lint, unit tests, stories in memory and on a real Asterisk'
	@echo 'make lint     gofmt, go vet, staticcheck'
	@echo 'make bench    the figures of docs/benchmarks.md, ten minutes'
	@echo 'make chaos    kills and freezes under load, ten minutes (CHAOS_MINUTES, CHAOS_SEED)'
	@echo 'make overload what this machine can take, then five times as many calls, ten minutes'
	@echo 'make soak     2,740 calls in an hour, then ten real minutes of a 33-seat day (SOAK, DAY)'
	@echo 'make fuzz     what strangers can send, ten minutes each (FUZZ_MINUTES)'
	@echo 'make fresh    both commands from a fresh clone, as an ordinary user on a bare PATH'
	@echo 'make tools    unpack Asterisk, Redis and what tests need into .tools'
	@echo 'make clean    remove what was built; .tools and var stay'

# Asterisk's children and ours stop in order when Ctrl-C comes; exec leaves no
# shell between.
run: build
	@exec bin/hotline run

# The tools are unpacked while the program is built: the first time both take a
# minute or more.
build:
	@tools/unpack run & unpack=$$!; tools/build "$(VERSION)"; built=$$?; wait $$unpack && exit $$built

tools:
	@tools/unpack

test:
	@tools/test

lint:
	@tools/lint

bench: build
	@tools/bench

chaos:
	@tools/chaos

overload:
	@tools/soak TestOverload -overload "$${OVERLOAD:-1m}"

soak:
	@tools/soak TestSoak -soak "$${SOAK:-1h}"
	@tools/soak TestDay -day "$${DAY:-10m}"

fuzz:
	@tools/fuzz

fresh:
	@tools/fresh

clean:
	rm -rf bin
