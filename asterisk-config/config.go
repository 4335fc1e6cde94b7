// Package asteriskconfig holds what Asterisk reads: templates of its
// configuration files and the few words it must be able to say while no
// controller serves. The files beside this one are the templates; README.md
// tells what a controller pushes at run time instead.
package asteriskconfig

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed *.conf sounds/*.wav
var files embed.FS

// Phone is a telephone written into pjsip.conf: it has a fixed contact, does not
// register, and cannot call in. Benchmarks and tests use it.
type Phone struct {
	ID      string // the endpoint's name, for example 8001: dialled as PJSIP/8001
	Contact string // where it listens, for example sip:8001@127.0.0.3:6001
}

// Node is another Asterisk of the same hotline. Telephones that are registered
// there are called through it, and it calls ours; nothing else.
type Node struct {
	Name string // its systemname: the endpoint is node-<name>
	Host string // the address its SIP comes from and goes to
	Port string
}

// Outside is a form of numbers that telephones may dial on the public network.
type Outside struct {
	Number string   // as Asterisk's patterns: X a figure, Z 1 to 9, N 2 to 9, [24] one of these, . the rest
	Phones []string // the only ones that may; none: all
}

// TLS opens SIP over TLS. Files are absolute paths, in PEM.
type TLS struct {
	Port             int
	Certificate, Key string
	CA               string // certificates by which those are checked whom we call; empty: nobody is
	WSSPort          int    // SIP over secure websockets, for browsers; 0: none
}

// Values is what the templates need to know. Folders are absolute paths.
type Values struct {
	Name string // systemname: the first part of every channel's unique id

	Config  string // astetcdir: where these files stand
	Modules string // astmoddir: Asterisk's modules
	Data    string // astdatadir: its documentation, REST descriptions and sounds
	State   string // astvarlibdir, astdbdir: its own small database
	Spool   string // astspooldir: recordings stand in recording/ below it
	Run     string // astrundir: the control socket; short, a socket's path has 108 bytes
	Logs    string // astlogdir
	Music   string // the folder whose files are the waiting music

	MaxFiles int // how many descriptors Asterisk may open

	Listen            string // the address SIP and RTP listen on
	LoopbackOnly      bool   // RTP is bound to Listen, too
	SIPPort           int    // UDP and TCP
	ARIPort           int    // always on 127.0.0.1
	RTPFirst, RTPLast int

	TrunkMatch   []string // addresses that are the trunk
	TrunkContact string   // where the trunk is called and asked by OPTIONS; empty: never
	DTMF         string   // rfc4733, info, inband, auto or auto_info
	Nodes        []Node

	TLS            *TLS   // nil: none
	TrunkTransport string // how the trunk is called: udp, tcp or tls
	TrunkSRTP      bool   // the trunk's sound is encrypted
	Outside        []Outside

	StaticPhones []Phone
	QueueMembers []string // endpoints of Asterisk's own queue; none: no app_queue

	HoldSeconds, RetrySeconds int      // extensions.conf, [hold]
	DutyPhones                []string // endpoints that ring when the hold is over
	TellRefused               int      // so many callers who cannot be taken are told so at once; extensions.conf, [full]

	BootPassword string // ARI's boot user
}

// Write fills in the templates and writes them into v.Config, readable by their
// owner only, since one of them holds a password.
func Write(v Values) error {
	if err := v.check(); err != nil {
		return err
	}
	all, err := template.ParseFS(files, "*.conf")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		if t.Name() == "queues.conf" && len(v.QueueMembers) == 0 {
			continue
		}
		var text bytes.Buffer
		if err := t.Execute(&text, v); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(v.Config, t.Name()), text.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// WriteSounds writes the words that the dialplan says into dir, except those that
// are there already: a city may put its own recordings in their place.
func WriteSounds(dir string) error {
	names, err := files.ReadDir("sounds")
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(dir, name.Name())
		if _, err := os.Stat(path); err == nil {
			continue
		}
		sound, err := files.ReadFile("sounds/" + name.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, sound, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// check refuses what would change the meaning of a configuration line.
func (v Values) check() error {
	words := []string{v.Name, v.Config, v.Modules, v.Data, v.State, v.Spool, v.Run, v.Logs, v.Music,
		v.Listen, v.TrunkContact, v.DTMF, v.BootPassword}
	words = append(append(append(words, v.TrunkMatch...), v.QueueMembers...), v.DutyPhones...)
	words = append(words, v.TrunkTransport)
	if v.TLS != nil {
		words = append(words, v.TLS.Certificate, v.TLS.Key, v.TLS.CA)
	}
	for _, p := range v.StaticPhones {
		words = append(words, p.ID, p.Contact)
	}
	for _, n := range v.Nodes {
		words = append(words, n.Name, n.Host, n.Port)
	}
	for _, w := range words {
		if strings.ContainsAny(w, ";\n\r") {
			return fmt.Errorf("%q cannot stand in Asterisk's configuration: leave out semicolons and line ends", w)
		}
	}
	for _, p := range v.DutyPhones {
		if strings.ContainsAny(p, "&,()|/ ") {
			return fmt.Errorf("duty phone %q is not an extension such as 8001", p)
		}
	}
	for _, o := range v.Outside {
		if err := o.check(); err != nil {
			return err
		}
	}
	switch v.DTMF {
	case "rfc4733", "info", "inband", "auto", "auto_info":
		return nil
	}
	return fmt.Errorf("keys cannot travel as %q: use rfc4733, info, inband, auto or auto_info", v.DTMF)
}

// check refuses what would open more than a number.
func (o Outside) check() error {
	if !regexp.MustCompile(outsideForm).MatchString(o.Number) {
		return fmt.Errorf("%q is no form of numbers: write for example 0XXX. or +86XXXXXXXXXXX", o.Number)
	}
	for _, p := range o.Phones {
		if strings.ContainsAny(p, "\"$&|()[]{} ") {
			return fmt.Errorf("telephone %q is not an extension such as 8001", p)
		}
	}
	return nil
}

// outsideForm is how a form of outside numbers is written: two signs at least, so
// that nobody opens everything by a dot.
const outsideForm = `^\+?(?:[0-9XZN]|\[[0-9]+\]){2,}\.?$`
