package city

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// tls checks what is written about encrypted lines: a certificate that cannot be
// used would leave Asterisk without that port, silently.
func (d *desk) tls(s *Settings, at func(string) value) {
	t := s.SIP.TLS
	switch {
	case (t.Certificate == "") != (t.Key == ""):
		at("sip.tls.certificate").fault("sip.tls.certificate and sip.tls.key belong together: name both files, or neither")
	case t.Certificate != "":
		d.certificate(t, at)
	case s.SIP.WSS.On:
		at("sip.wss.on").fault("sip.wss.on needs a certificate: name one in sip.tls.certificate, and its key in sip.tls.key")
	case s.SIP.SRTP == "required":
		at("sip.srtp").fault("sip.srtp is required, but its keys would travel in the clear: name a certificate in sip.tls.certificate, and its key in sip.tls.key")
	case s.Trunk.Over == "tls":
		at("trunk.over").fault("trunk.over is tls, which needs a certificate of our own: name one in sip.tls.certificate, and its key in sip.tls.key")
	}
	if s.Trunk.SRTP && s.Trunk.Over != "tls" {
		at("trunk.srtp").fault("trunk.srtp is true, but its keys would travel in the clear: write trunk.over: tls")
	}
	if t.CA != "" {
		if err := authorities(t.CA); err != nil {
			at("sip.tls.ca").fault("sip.tls.ca: %v", err)
		}
	}
}

// certificate reads both files and holds the one against the other.
func (d *desk) certificate(t SIPTLS, at func(string) value) {
	if _, err := os.ReadFile(t.Certificate); err != nil {
		at("sip.tls.certificate").fault("sip.tls.certificate: the file cannot be read: %v", err)
		return
	}
	if err := Private(t.Key); err != nil {
		at("sip.tls.key").fault("sip.tls.key: %v", err)
		return
	}
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		at("sip.tls.key").fault("sip.tls.key: %s is not the key of the certificate %s, or one of them is not in PEM: %v", t.Key, t.Certificate, err)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		at("sip.tls.certificate").fault("sip.tls.certificate: %s cannot be understood: %v", t.Certificate, err)
		return
	}
	const day = "2006-01-02"
	switch now := time.Now(); {
	case now.After(leaf.NotAfter):
		at("sip.tls.certificate").fault("sip.tls.certificate: %s expired on %s: put a new one there", t.Certificate, leaf.NotAfter.Format(day))
	case now.Before(leaf.NotBefore):
		at("sip.tls.certificate").fault("sip.tls.certificate: %s is not valid before %s: is this machine's clock right?", t.Certificate, leaf.NotBefore.Format(day))
	}
}

func authorities(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(b) {
		return fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return nil
}

// Private tells what is wrong with a file that holds a secret: that it is not
// there, or that others than its owner can read it.
func Private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	if info.IsDir() {
		return errors.New("that is a folder: name the file in it")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others than its owner: chmod 600 %s", path, path)
	}
	return nil
}
