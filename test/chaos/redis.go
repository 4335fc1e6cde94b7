package chaos

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

// ask says commands to Redis and gives the last answer's line.
func ask(address string, commands ...string) (answer string, err error) {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return "", err
	}
	in := bufio.NewReader(conn)
	for _, c := range commands {
		if _, err := fmt.Fprintf(conn, "%s\r\n", c); err != nil {
			return "", err
		}
		if answer, err = in.ReadString('\n'); err != nil {
			return "", err
		}
	}
	return strings.TrimSpace(answer), nil
}
