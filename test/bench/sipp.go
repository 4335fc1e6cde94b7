package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

//go:embed scenarios/*.xml
var scenarios embed.FS

// sipp starts one SIPp with a scenario of ours.
func (w *world) sipp(scenario, ip string, port int, more ...string) (*child, error) {
	text, err := scenarios.ReadFile("scenarios/" + scenario + ".xml")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(w.at.Dir, scenario+".xml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{w.at.SIP, "-sf", file, "-i", ip, "-p", strconv.Itoa(port), "-key", "media", strconv.Itoa(w.soundPort),
		"-nostdin", "-buff_size", "4194304", "-trace_err", "-error_file", filepath.Join(w.at.Dir, scenario+".err"),
		"-trace_stat", "-stf", filepath.Join(w.at.Dir, scenario+".csv"), "-fd", "1"}, more...)
	log, err := os.Create(filepath.Join(w.at.Dir, scenario+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := &child{cmd: exec.Command(filepath.Join(w.tools, "bin/sipp"), args...)}
	c.cmd.Dir = w.at.Dir
	c.cmd.Env = append(os.Environ(), "TERM=dumb")
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return c, c.cmd.Start()
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
