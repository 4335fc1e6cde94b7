package app

import (
	"bufio"
	"fmt"
	"os"

	"hotline/city"
)

const (
	portsOfLeg = 2 // RTP and RTCP
	// memoryOfCall is what one call may need in Asterisk, Redis and here together.
	// Measured are 0.15 MB here and about 0.5 MB in Asterisk (docs/benchmarks.md);
	// the rest is room for prompts, recordings and the agent's leg.
	memoryOfCall = 2 << 20
)

// limits are those of the settings, with what the machine allows in place of 0.
func limits(set city.Settings) Limits {
	l := Limits{Calls: set.Limits.Calls, Answer: set.Limits.Answer}
	if l.Calls == 0 {
		l.Calls = callsOf(set.SIP.RTPLast-set.SIP.RTPFirst+1, 1+len(set.Asterisk.Others), memory())
	}
	return l
}

// callsOf is how many calls fit: by the ports for sound of each Asterisk, of whose
// legs a fifth is kept for agents, and into half of the memory. What is not known
// (1 port, 0 bytes) bounds nothing.
func callsOf(ports, asterisks int, bytes uint64) int {
	most := 0
	if ports > 1 {
		most = max(ports/portsOfLeg*4/5*asterisks, 1)
	}
	if fit := int(bytes / 2 / memoryOfCall); bytes > 0 && (most == 0 || fit < most) {
		most = max(fit, 1)
	}
	return most
}

// memory is how much this machine has; 0 where that cannot be read.
func memory() uint64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		var kB uint64
		if n, _ := fmt.Sscanf(in.Text(), "MemTotal: %d kB", &kB); n == 1 {
			return kB << 10
		}
	}
	return 0
}
