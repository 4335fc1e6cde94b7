package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"hotline/test/wire"
)

// sipp starts one SIPp with a scenario of ours.
func (w *world) sipp(scenario, ip string, port int, more ...string) (*child, error) {
	s := wire.SIPp{Tools: w.tools, Dir: w.at.Dir, Server: w.at.SIP, Media: w.soundPort}
	cmd, err := s.Start(scenario, ip, port, more...)
	return &child{cmd: cmd}, err
}

// sippCount reads how many calls a SIPp had that went well, and how many did
// not, from the last line of its statistics.
func (w *world) sippCount(scenario string) (well, failed int, err error) {
	b, err := os.ReadFile(filepath.Join(w.at.Dir, scenario+".csv"))
	if err != nil {
		return 0, 0, err
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	names, values := strings.Split(lines[0], ";"), strings.Split(lines[len(lines)-1], ";")
	for i, name := range names {
		if i >= len(values) {
			break
		}
		switch name {
		case "SuccessfulCall(C)":
			well, err = strconv.Atoi(values[i])
		case "FailedCall(C)":
			failed, err = strconv.Atoi(values[i])
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return well, failed, nil
}

// writeCitizens writes who calls, one a line: the number, and where he hears.
func (w *world) writeCitizens(n int) (string, error) {
	var b strings.Builder
	b.WriteString("SEQUENTIAL\n")
	for i := range n {
		fmt.Fprintf(&b, "000%08d;%s;\n", 10000000+i, citizenEar(i))
	}
	file := filepath.Join(w.at.Dir, "citizens.csv")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// citizenEar is the address at which citizen i hears.
func citizenEar(i int) string { return fmt.Sprintf("127.1.%d.%d", i/250, 1+i%250) }

// earOf is the number of the citizen who hears at an address.
func earOf(address string) (i int) {
	var high, low int
	_, _ = fmt.Sscanf(address, "127.1.%d.%d", &high, &low)
	return 250*high + low - 1
}
