package city

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// paper writes a certificate that is valid from and until, and its key.
func paper(t *testing.T, cert, key string, from, until time.Duration) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	like := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(from), NotAfter: now.Add(until)}
	der, err := x509.CreateCertificate(rand.Reader, like, like, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "EC PRIVATE KEY", raw)
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A certificate that cannot be used stops the start with one sentence, which names
// the setting, the file and the line where it is written.
func TestBadCertificatesStopTheStart(t *testing.T) {
	copyCity(t)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir("var", 0o700))
	paper(t, "var/good.pem", "var/good.key", -time.Hour, time.Hour)
	paper(t, "var/other.pem", "var/other.key", -time.Hour, time.Hour)
	paper(t, "var/old.pem", "var/old.key", -48*time.Hour, -24*time.Hour)
	paper(t, "var/new.pem", "var/new.key", 24*time.Hour, 48*time.Hour)
	must(os.WriteFile("var/words.pem", []byte("no certificate"), 0o600))
	paper(t, "var/open.pem", "var/open.key", -time.Hour, time.Hour)
	must(os.Chmod("var/open.key", 0o644))
	for _, story := range []struct{ settings, want string }{
		{"sip: {tls: {certificate: good.pem, key: good.key}}\n", ""},
		{"sip: {tls: {certificate: good.pem, key: good.key, ca: other.pem}, wss: {on: true}, srtp: required}\ntrunk: {over: tls, srtp: true}\n", ""},
		{"sip:\n  tls: {certificate: none.pem,\n    key: good.key}\n", `:2: sip.tls.certificate: the file cannot be read: .*var/none.pem`},
		{"sip:\n  tls: {certificate: good.pem,\n    key: none.key}\n", `:3: sip.tls.key: the file cannot be read: .*var/none.key`},
		{"sip:\n  tls: {certificate: good.pem,\n    key: other.key}\n", `:3: sip.tls.key: var/other.key is not the key of the certificate var/good.pem`},
		{"sip: {tls: {certificate: old.pem, key: old.key}}\n", `:1: sip.tls.certificate: var/old.pem expired on \d{4}-\d\d-\d\d: put a new one there`},
		{"sip: {tls: {certificate: new.pem, key: new.key}}\n", `:1: sip.tls.certificate: var/new.pem is not valid before`},
		{"sip: {tls: {certificate: words.pem, key: good.key}}\n", `:1: sip.tls.key: .*not in PEM`},
		{"sip: {tls: {certificate: open.pem, key: open.key}}\n", `:1: sip.tls.key: var/open.key can be read by others than its owner: chmod 600`},
		{"sip: {tls: {certificate: good.pem, key: ..}}\n", `:1: sip.tls.key: that is a folder`},
		{"sip: {tls: {certificate: good.pem}}\n", `:1: .*belong together`},
		{"sip: {tls: {certificate: good.pem, key: good.key, ca: words.pem}}\n", `:1: sip.tls.ca: var/words.pem holds no certificate`},
		{"sip: {wss: {on: true}}\n", `:1: sip.wss.on needs a certificate`},
		{"sip: {srtp: required}\n", `:1: sip.srtp is required, but its keys would travel in the clear`},
		{"trunk: {over: tls}\n", `:1: trunk.over is tls, which needs a certificate`},
		{"trunk: {srtp: true}\n", `:1: trunk.srtp is true, but its keys`},
		{"outside: {phones: [.]}\n", `:1: the setting outside.phones cannot be .* write forms of numbers`},
		{"outside: {duty: [0XXXXXXX., '+86XXX.', 119, '[26]XX']}\n", ""},
	} {
		write(t, "configs/hotline.yaml", story.settings)
		_, err := Load("configs", LoadOptions{Environ: []string{}})
		switch {
		case story.want == "" && err != nil:
			t.Errorf("%s%v", story.settings, err)
		case story.want == "":
		case err == nil || strings.Contains(err.Error(), "\n") || !regexp.MustCompile(`configs/hotline\.yaml`+story.want).MatchString(err.Error()):
			t.Errorf("%sis told:\n%v\nnot: %s", story.settings, err, story.want)
		}
	}
}
