// Package wire sees from outside what is said to telephones: a packet capture on
// the loopback, and as much of SIP as tells who is called and who hangs up. The
// bench and the chaos judge by it.
package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// Packet is one UDP datagram, with the kernel's moment of it.
type Packet struct {
	At       time.Time
	From, To [4]byte
	FromPort uint16
	ToPort   uint16
	Data     []byte
}

// Capture is one packet capture on the loopback, read while it runs. The
// moments are the kernel's, so it does not matter how busy the reader is.
type Capture struct {
	// Packets are the datagrams, until the capture ends; they must be read.
	Packets chan Packet

	cmd       *exec.Cmd
	said      bytes.Buffer
	done      chan struct{}
	followers sync.WaitGroup
}

// Open captures what filter (tcpdump's language) lets through; tools is the folder
// that make tools fills, more are further arguments of tcpdump.
func Open(tools, filter string, more ...string) (*Capture, error) {
	c := &Capture{Packets: make(chan Packet, 65536), done: make(chan struct{})}
	// In only: the loopback shows each packet twice. -Z root: no change of user.
	args := []string{"-Z", "root", "-i", "lo", "-Q", "in", "-n", "-s", "2000", "-B", "16384", "--immediate-mode", "-U", "-w", "-"}
	args = append(append(args, more...), filter)
	if os.Geteuid() != 0 {
		args = args[2:]
	}
	c.cmd = exec.Command(filepath.Join(tools, "bin/tcpdump"), args...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.Stderr = &c.said
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the packet capture cannot be started; is tcpdump unpacked (make tools)? %w", err)
	}
	r, err := pcapgo.NewReader(bufio.NewReaderSize(out, 1<<20))
	if err != nil {
		err = c.cmd.Wait()
		return nil, fmt.Errorf("packets on the loopback cannot be captured: run this as root or with CAP_NET_RAW (%v, %s)", err, lastLine(c.said.String()))
	}
	go c.read(r)
	return c, nil
}

// May tells at once whether packets can be captured at all.
func May(tools string) error {
	c, err := Open(tools, "udp port 9")
	if err != nil {
		return err
	}
	return c.Close()
}

// PID is the process that captures.
func (c *Capture) PID() int { return c.cmd.Process.Pid }

// read hands over each datagram until tcpdump ends.
func (c *Capture) read(r *pcapgo.Reader) {
	defer close(c.done)
	defer close(c.Packets)
	for {
		b, info, err := r.ReadPacketData()
		if err != nil {
			return
		}
		if p, ok := datagram(b); ok {
			p.At = info.Timestamp
			c.Packets <- p
		}
	}
}

// Follow hands each datagram to see until the capture ends, in a goroutine of its own.
func (c *Capture) Follow(see func(Packet)) {
	c.followers.Go(func() {
		for p := range c.Packets {
			see(p)
		}
	})
}

// Close ends the capture, when all was handed to those that Follow, and tells when
// packets were lost.
func (c *Capture) Close() error {
	_ = c.cmd.Process.Signal(os.Interrupt)
	<-c.done
	c.followers.Wait()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("packet capture: %w", err)
	}
	for line := range strings.Lines(c.said.String()) {
		if n, ok := strings.CutSuffix(strings.TrimSpace(line), " packets dropped by kernel"); ok && n != "0" {
			return errors.New("the packet capture lost packets: " + n)
		}
	}
	return nil
}

// datagram reads an Ethernet frame with UDP over IPv4 in it.
func datagram(b []byte) (Packet, bool) {
	const ether = 14
	if len(b) < ether+28 || b[12] != 8 || b[13] != 0 || b[ether+9] != 17 {
		return Packet{}, false
	}
	ip := b[ether:]
	head := int(ip[0]&15) * 4
	udp := ip[head:]
	if len(udp) < 8 {
		return Packet{}, false
	}
	p := Packet{FromPort: binary.BigEndian.Uint16(udp), ToPort: binary.BigEndian.Uint16(udp[2:]), Data: udp[8:]}
	copy(p.From[:], ip[12:16])
	copy(p.To[:], ip[16:20])
	return p, true
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
