package wire

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"hotline/kin"
)

//go:embed scenarios/*.xml
var scenarios embed.FS

// SIPp says how SIPp is run: where many telephones are wanted that cost little,
// for they send no sound.
type SIPp struct {
	Tools  string // the folder that make tools fills
	Dir    string // where the scenario, the log, the faults and the counts are put
	Server string // Asterisk's SIP, host:port
	Media  int    // the port at which all of them hear
}

// Start runs SIPp with one of our scenarios (agent or caller) at an address; more
// are further arguments. Whoever started it kills it and waits for it.
func (s SIPp) Start(scenario, ip string, port int, more ...string) (*exec.Cmd, error) {
	text, err := scenarios.ReadFile("scenarios/" + scenario + ".xml")
	if err != nil {
		return nil, err
	}
	return s.StartText(scenario, text, ip, port, more...)
}

// StartText is Start with a scenario of the caller's own, under a name.
func (s SIPp) StartText(scenario string, text []byte, ip string, port int, more ...string) (*exec.Cmd, error) {
	file := filepath.Join(s.Dir, scenario+".xml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{s.Server, "-sf", file, "-i", ip, "-p", strconv.Itoa(port), "-key", "media", strconv.Itoa(s.Media),
		"-nostdin", "-buff_size", "4194304", "-trace_err", "-error_file", filepath.Join(s.Dir, scenario+".err"),
		"-trace_stat", "-stf", filepath.Join(s.Dir, scenario+".csv"), "-fd", "1"}, more...)
	log, err := os.Create(filepath.Join(s.Dir, scenario+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := exec.Command(filepath.Join(s.Tools, "bin/sipp"), args...)
	c.Dir = s.Dir
	c.Env = append(os.Environ(), "TERM=dumb")
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c, kin.Start(c)
}
