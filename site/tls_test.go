package site_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx/ari"
	"hotline/phone"
	"hotline/site"
	"hotline/site/sitetest"
)

// papers are a certificate for 127.0.0.1 and 127.0.0.2 that vouches for itself.
type papers struct {
	cert, key string // files
	pool      *x509.CertPool
	pair      tls.Certificate
}

func makePapers(t *testing.T) papers {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	like := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "hotline.invalid"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(127, 0, 0, 2)},
	}
	der, err := x509.CreateCertificate(rand.Reader, like, like, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := papers{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
	for file, b := range map[string][]byte{p.cert: certPEM, p.key: keyPEM} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.pool.AppendCertsFromPEM(certPEM)
	if p.pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return p
}

// client is how a telephone checks the exchange.
func (p papers) client() *tls.Config {
	return &tls.Config{RootCAs: p.pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

// A telephone registers by TLS and talks by SRTP; one that would speak in the clear
// is refused where SRTP is required, and talks where it is only offered.
func TestATelephoneByTLSAndSRTP(t *testing.T) {
	p := makePapers(t)
	s := sitetest.Start(t, func(o *site.Options) { o.TLS = &asteriskconfig.TLS{Certificate: p.cert, Key: p.key} })
	c := control(t, s)
	secret := asteriskconfig.Encrypted(asteriskconfig.SRTPRequired)
	pushAll(t, c, asteriskconfig.Telephone("8001", asteriskconfig.Digest("8001", "a-secret"), "127.0.0.1", secret...))
	pushAll(t, c, asteriskconfig.Telephone("8002", asteriskconfig.Digest("8002", "b-secret"), "127.0.0.1", asteriskconfig.Encrypted(asteriskconfig.SRTPOffered)...))
	one := telephone(t, phone.Options{Server: s.Addresses().SIPS, Number: "8001", Password: "a-secret", TLS: p.client(), SRTP: true})
	if err := one.Register(soon(t)); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "8001 online by TLS", online(t, c, "8001"))
	stranger := p.client()
	stranger.RootCAs = x509.NewCertPool()
	nobody := telephone(t, phone.Options{Server: s.Addresses().SIPS, Number: "8001", Password: "a-secret", TLS: stranger})
	if err := nobody.Register(soon(t)); err == nil {
		t.Error("a telephone that knows no such certificate registered")
	}

	// It is rung by the connection that it opened, and each hears the other.
	citizen, agent := joined(t, c, telephone(t, phone.Options{Server: s.Addresses().SIP, Bind: citizenAddress, Number: "00055501"}), one)
	speak(t, citizen, agent)
	hangUp(t, agent)
	hangUp(t, citizen)

	clear := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "a-secret"})
	if code := dialled(t, clear); code != 488 {
		t.Errorf("a call in the clear is answered %d where SRTP is required, not 488", code)
	}
	old := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8002", Password: "b-secret"})
	c.forget()
	call, err := old.Dial(t.Context(), "12345", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Do(t.Context(), ari.Answer(c.await(t, ari.StasisStart).Channel.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := call.Wait(soon(t), phone.Answered); err != nil {
		t.Errorf("a call in the clear where SRTP is offered: %v", err)
	}
}

// joined has a citizen and the telephone in one bridge, as the controller does.
func joined(t *testing.T, c *controller, citizen, desk *phone.Phone) (caller, agent *phone.Call) {
	t.Helper()
	c.forget()
	caller, err := citizen.Dial(t.Context(), "12345", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := c.await(t, ari.StasisStart).Channel.ID
	if err := c.Do(t.Context(), ari.Answer(id)); err != nil {
		t.Fatal(err)
	}
	c.forget()
	if err := c.Do(t.Context(), ari.Originate{Channel: "agent.1", Endpoint: "PJSIP/8001", App: site.ARIApp}.Request()); err != nil {
		t.Fatal(err)
	}
	agent, err = desk.NextCall(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Wait(soon(t), phone.Answered); err != nil {
		t.Fatal(err)
	}
	c.await(t, ari.StasisStart)
	for _, r := range []ari.Request{ari.CreateBridge("b.1", "mixing"), ari.AddToBridge("b.1", id, "agent.1")} {
		if err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return caller, agent
}

func speak(t *testing.T, one, other *phone.Call) {
	t.Helper()
	one.Tone(500)
	other.Tone(400)
	if _, err := other.HearTone(soon(t), 500); err != nil {
		t.Error(err)
	}
	if _, err := one.HearTone(soon(t), 400); err != nil {
		t.Error(err)
	}
}

// dialled gives the code that a call to 12345 is refused with; 0 where it rings.
func dialled(t *testing.T, p *phone.Phone) int {
	t.Helper()
	call, err := p.Dial(t.Context(), "12345", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call.Wait(soon(t), phone.Ended); err != nil {
		t.Fatal(err)
	}
	return call.Ending().Code
}

func hangUp(t *testing.T, c *phone.Call) {
	t.Helper()
	if err := c.Hangup(soon(t)); err != nil {
		t.Error(err)
	}
}

// pushAll makes objects known to Asterisk.
func pushAll(t *testing.T, c ari.Doer, objects []asteriskconfig.Object) {
	t.Helper()
	for _, o := range objects {
		var fields []ari.Field
		for _, s := range o.Settings {
			fields = append(fields, ari.Field{Attribute: s.Attribute, Value: s.Value})
		}
		if err := c.Do(t.Context(), ari.PutDynamic("res_pjsip", o.Kind, o.ID, fields...)); err != nil {
			t.Fatal(err)
		}
	}
}

// A citizen whose provider sends TLS and SRTP talks with an agent on a plain telephone;
// a call in the clear is refused at a trunk that is to be encrypted.
func TestTheTrunkBySRTP(t *testing.T) {
	t.Parallel()
	p := makePapers(t)
	s := sitetest.Start(t, func(o *site.Options) {
		o.TLS, o.TrunkSRTP = &asteriskconfig.TLS{Certificate: p.cert, Key: p.key}, true
	})
	c := control(t, s)
	pushAll(t, c, asteriskconfig.Telephone("8001", asteriskconfig.Digest("8001", "a-secret"), "127.0.0.1"))
	desk := telephone(t, phone.Options{Server: s.Addresses().SIP, Number: "8001", Password: "a-secret"})
	if err := desk.Register(soon(t)); err != nil {
		t.Fatal(err)
	}
	provider := phone.Options{Server: s.Addresses().SIPS, Bind: citizenAddress, Number: "00055501", TLS: p.client(), SRTP: true}
	caller, agent := joined(t, c, telephone(t, provider), desk)
	speak(t, caller, agent)
	hangUp(t, caller)
	provider.SRTP = false
	if code := dialled(t, telephone(t, provider)); code != 488 {
		t.Errorf("a call in the clear is answered %d, not 488", code)
	}
}

// Asterisk asks a trunk by TLS whether it lives only where the trunk shows a
// certificate that the city trusts.
func TestTheTrunkByTLS(t *testing.T) {
	t.Parallel()
	ours, theirs, false_ := makePapers(t), makePapers(t), makePapers(t)
	for _, story := range []struct {
		name string
		pair tls.Certificate
		want bool
	}{{"a trusted one", theirs.pair, true}, {"another", false_.pair, false}} {
		t.Run(story.name, func(t *testing.T) {
			asked := make(chan string, 10)
			at := optionsByTLS(t, story.pair, asked)
			s := sitetest.Start(t, func(o *site.Options) {
				o.TLS = &asteriskconfig.TLS{Certificate: ours.cert, Key: ours.key, CA: theirs.cert}
				o.TrunkContact, o.TrunkTransport, o.TrunkSRTP = "sip:"+at, "tls", true
			})
			asBoot := boot(t, s)
			reached := func() bool {
				e, err := ari.Endpoint(t.Context(), asBoot, "PJSIP", asteriskconfig.Trunk)
				return err == nil && e.State == "online"
			}
			if story.want {
				within(t, 35*time.Second, "the trunk is reached", reached)
				if first := <-asked; !strings.HasPrefix(first, "OPTIONS ") {
					t.Errorf("the trunk was asked %q", first)
				}
				return
			}
			time.Sleep(8 * time.Second)
			if reached() || len(asked) != 0 {
				t.Error("a trunk whose certificate nobody vouches for was spoken to")
			}
		})
	}
}

// optionsByTLS is the other side of a trunk: it answers every request with 200.
func optionsByTLS(t *testing.T, pair tls.Certificate, asked chan<- string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.2:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(conn, asked)
		}
	}()
	return l.Addr().String()
}

func answerAll(conn net.Conn, asked chan<- string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		var kept []string
		first, err := in.ReadString('\n')
		if err != nil {
			return
		}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if strings.TrimSpace(line) == "" {
				break
			}
			if name, _, _ := strings.Cut(line, ":"); strings.Contains(" Via From To Call-ID CSeq v f t i ", " "+name+" ") {
				kept = append(kept, line)
			}
		}
		if strings.TrimSpace(first) == "" {
			continue
		}
		select {
		case asked <- first:
		default:
		}
		fmt.Fprintf(conn, "SIP/2.0 200 OK\r\n%sContent-Length: 0\r\n\r\n", strings.Join(kept, ""))
	}
}

// A browser's websocket is answered over TLS with the subprotocol sip; ARI is not
// to be had there for anybody outside, and only SIP is spoken.
func TestBrowsersByWSS(t *testing.T) {
	t.Parallel()
	p := makePapers(t)
	s := sitetest.Start(t, func(o *site.Options) {
		o.TLS, o.WSS = &asteriskconfig.TLS{Certificate: p.cert, Key: p.key}, true
	})
	conn, err := tls.Dial("tcp", s.Addresses().WSS, p.client())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
		s.Addresses().WSS, base64.StdEncoding.EncodeToString(nonce))
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Protocol") != "sip" {
		t.Fatalf("the socket is answered %s, subprotocol %q", res.Status, res.Header.Get("Sec-WebSocket-Protocol"))
	}
	// SIP is spoken on it: a register without password is challenged.
	ask := "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:8001@127.0.0.1>;tag=1\r\nTo: <sip:8001@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: <sip:8001@x.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
	frame := []byte{0x81, 0xFE, byte(len(ask) >> 8), byte(len(ask)), 0, 0, 0, 0}
	if _, err := conn.Write(append(frame, ask...)); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(in, head); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 12)
	if _, err := io.ReadFull(in, answer); err != nil || string(answer) != "SIP/2.0 401 " {
		t.Errorf("a register by the socket is answered %q, %v", answer, err)
	}
	if conf, err := os.ReadFile(filepath.Join(s.Addresses().Dir, "asterisk/config/http.conf")); err != nil || !strings.Contains(string(conf), "[/ari]\ntype = restriction\ndeny = 0.0.0.0/0") {
		t.Errorf("ARI is not kept to this machine: %v\n%s", err, conf)
	}
}

// Asterisk starts without a TLS port that it cannot open; the site does not.
func TestASiteWithoutItsTLSPortDoesNotStart(t *testing.T) {
	p := makePapers(t)
	if err := os.WriteFile(p.cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := site.Start(t.Context(), site.Options{Dir: t.TempDir(), Tools: sitetest.Tools(t), PortsFrom: 10000, TLS: &asteriskconfig.TLS{Certificate: p.cert, Key: p.key}})
	if err == nil {
		s.Stop()
	}
	if err == nil || !strings.Contains(err.Error(), "SIP") {
		t.Errorf("%v", err)
	}
}
