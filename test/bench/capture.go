package main

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
	"syscall"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// packet is one UDP datagram, with the kernel's moment of it.
type packet struct {
	at       time.Time
	from, to [4]byte
	fromPort uint16
	toPort   uint16
	data     []byte
}

// capture is one packet capture on the loopback, read while it runs. The
// moments are the kernel's, so it does not matter how busy the reader is.
type capture struct {
	cmd     *exec.Cmd
	said    bytes.Buffer
	packets chan packet
	done    chan struct{}
}

// openCapture captures what filter (tcpdump's language) lets through.
func openCapture(tools, filter string) (*capture, error) {
	c := &capture{packets: make(chan packet, 65536), done: make(chan struct{})}
	// In only: the loopback shows each packet twice. -Z root: no change of user.
	args := []string{"-Z", "root", "-i", "lo", "-Q", "in", "-n", "-s", "2000", "-B", "16384", "--immediate-mode", "-U", "-w", "-", filter}
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
		return nil, fmt.Errorf("packets on the loopback cannot be captured: run make bench as root or with CAP_NET_RAW (%v, %s)", err, lastLine(c.said.String()))
	}
	go c.read(r)
	return c, nil
}

// mayCapture tells at once whether packets can be captured at all.
func mayCapture(tools string) error {
	c, err := openCapture(tools, "udp port 9")
	if err != nil {
		return err
	}
	return c.close()
}

// read hands over each datagram until tcpdump ends.
func (c *capture) read(r *pcapgo.Reader) {
	defer close(c.done)
	defer close(c.packets)
	for {
		b, info, err := r.ReadPacketData()
		if err != nil {
			return
		}
		if p, ok := datagram(b); ok {
			p.at = info.Timestamp
			c.packets <- p
		}
	}
}

// close ends the capture and tells when packets were lost.
func (c *capture) close() error {
	_ = c.cmd.Process.Signal(os.Interrupt)
	<-c.done
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
func datagram(b []byte) (packet, bool) {
	const ether = 14
	if len(b) < ether+28 || b[12] != 8 || b[13] != 0 || b[ether+9] != 17 {
		return packet{}, false
	}
	ip := b[ether:]
	head := int(ip[0]&15) * 4
	udp := ip[head:]
	if len(udp) < 8 {
		return packet{}, false
	}
	p := packet{fromPort: binary.BigEndian.Uint16(udp), toPort: binary.BigEndian.Uint16(udp[2:]), data: udp[8:]}
	copy(p.from[:], ip[12:16])
	copy(p.to[:], ip[16:20])
	return p, true
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
