package city

import (
	neturl "net/url"
	"os"
	"strings"

	"hotline"
)

// Secret reads a password from its file, without the line's end; an empty path
// is no password. A file that others than its owner can read is refused.
func Secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	if err := Private(path); err != nil {
		return "", hotline.Errorf(hotline.Invalid, "the password cannot be used: %w", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", hotline.Errorf(hotline.Invalid, "the password cannot be read: %w", err)
	}
	word := strings.TrimRight(string(b), "\r\n")
	if word == "" || strings.ContainsAny(word, "\r\n") {
		return "", hotline.Errorf(hotline.Invalid, "the file %s must hold one line, the password", path)
	}
	return word, nil
}

// Source is what the books are opened with: the DSN, and for PostgreSQL the
// password from its file. It is for no log.
func (s SQL) Source() (string, error) {
	if s.PasswordFile == "" || !strings.Contains(s.DSN, "://") {
		return s.DSN, nil
	}
	word, err := Secret(s.PasswordFile)
	if err != nil {
		return "", err
	}
	u, err := neturl.Parse(s.DSN)
	if err != nil {
		return "", hotline.Errorf(hotline.Invalid, "sql.dsn is no address: %w", err)
	}
	u.User = neturl.UserPassword(u.User.Username(), word)
	return u.String(), nil
}
