package phone

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"time"

	"github.com/emiago/diago"
)

// wire is how the telephone's requests and its sound travel.
func (p *Phone) wire(ip string, port int) (diago.Transport, error) {
	p.network = "udp"
	w := diago.Transport{BindHost: ip, BindPort: port}
	if p.opts.SRTP {
		w.MediaSRTP = 1 // SDES
	}
	if p.opts.TLS != nil {
		p.network = "tls"
		own, err := throwaway()
		if err != nil {
			return w, err
		}
		// A sips: address would ask for TLS all the way to the citizen.
		w.TLSConf, w.TLSURINoSIPS = &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}, true
	}
	w.Transport = p.network
	return w, nil
}

// throwaway is a certificate for the telephone's own port, where nobody calls: an
// exchange calls by the connection that the telephone opened.
func throwaway() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	like := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, like, like, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
