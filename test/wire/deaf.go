package wire

import (
	"errors"
	"net"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Deaf opens a place where sound may be sent to and nobody hears: each packet is
// dropped by the kernel at once, so that nothing answers "unreachable" and nobody
// reads it. Port 0 is a free one.
func Deaf(ip string, port int) (*net.UDPConn, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip), Port: port})
	if err != nil {
		return nil, err
	}
	if err := deafen(c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// deafen drops whatever comes.
func deafen(c *net.UDPConn) error {
	program, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(program))
	for i, p := range program {
		filters[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]})
	})
	if err == nil {
		err = failed
	}
	return err
}
