package city

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	neturl "net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setting is one line of configs/hotline.yaml.
type setting struct {
	key   string   // section.name
	usual []string // the default, as it would be written
	list  bool     // takes a list
	// take reads what is written; its error says what would be right.
	take func(words []string) error
}

// env are the variables that override it, the strongest last: routing.wrap_up is
// HOTLINE_ROUTING_WRAP_UP. LISTEN is what make run is told.
func (s setting) env() []string {
	name := envPrefix + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
	if s.key == "sip.listen" {
		return []string{"LISTEN", name}
	}
	return []string{name}
}

const envPrefix = "HOTLINE_"

func single(key, usual string, take func(string) error) setting {
	return setting{key: key, usual: []string{usual}, take: func(w []string) error { return take(w[0]) }}
}

func text(key string, to *string, usual string) setting {
	return single(key, usual, func(w string) error { *to = w; return nil })
}

// matching is a text of a certain form.
func matching(key string, to *string, usual, form, right string) setting {
	pattern := regexp.MustCompile("^(?:" + form + ")$")
	return single(key, usual, func(w string) error {
		if !pattern.MatchString(w) {
			return errors.New(right)
		}
		*to = w
		return nil
	})
}

func name(key string, to *string, usual string) setting {
	return matching(key, to, usual, `[A-Za-z0-9][A-Za-z0-9_.-]{0,39}`, "write a name of letters and digits, such as "+usual)
}

func path(key string, to *string, usual string, place func(string) string) setting {
	return single(key, usual, func(w string) error { *to = place(w); return nil })
}

func paths(key string, to *[]string, usual []string, place func(string) string) setting {
	return setting{key, usual, true, func(words []string) error {
		*to = nil
		for _, w := range words {
			*to = append(*to, place(w))
		}
		return nil
	}}
}

func yesNo(key string, to *bool, usual bool) setting {
	return single(key, strconv.FormatBool(usual), func(w string) error {
		if w != "true" && w != "false" {
			return errors.New("write true or false")
		}
		*to = w == "true"
		return nil
	})
}

func count(key string, to *int, usual, least, most int) setting {
	return single(key, strconv.Itoa(usual), func(w string) error {
		n, err := strconv.Atoi(w)
		if err != nil || n < least || n > most {
			return fmt.Errorf("write a whole number from %d to %d", least, most)
		}
		*to = n
		return nil
	})
}

func duration(key string, to *time.Duration, usual, least, most time.Duration) setting {
	return single(key, short(usual), func(w string) error {
		d, err := time.ParseDuration(w)
		if w == "0" {
			err = errors.New("no unit")
		}
		if err != nil || d < least || d > most {
			return fmt.Errorf("write a time with its unit from %s to %s, such as %s", short(least), short(most), short(usual))
		}
		*to = d
		return nil
	})
}

// seconds is a duration that Asterisk counts in whole seconds.
func seconds(key string, to *time.Duration, usual, least, most time.Duration) setting {
	s := duration(key, to, usual, least, most)
	inner := s.take
	s.take = func(w []string) error {
		if err := inner(w); err != nil {
			return err
		}
		if *to%time.Second != 0 {
			return errors.New("write whole seconds, such as " + short(usual))
		}
		return nil
	}
	return s
}

// short writes a duration without what is zero: 1m, 720h, 1.5s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

var sizeForm = regexp.MustCompile(`^(\d{1,9})(MB|GB|TB)$`)

// size is an amount of disk in bytes, written 500MB or 2GB (powers of 1000).
func size(key string, to *int64, usual string) setting {
	return single(key, usual, func(w string) error {
		m := sizeForm.FindStringSubmatch(w)
		if m == nil {
			return errors.New("write an amount with its unit, such as 500MB or 2GB")
		}
		n, _ := strconv.ParseInt(m[1], 10, 64)
		*to = n * map[string]int64{"MB": 1e6, "GB": 1e9, "TB": 1e12}[m[2]]
		return nil
	})
}

// oneOf is one of a few words; the first is the default.
func oneOf(key string, to *string, words ...string) setting {
	return single(key, words[0], func(w string) error {
		if !slices.Contains(words, w) {
			return errors.New("write " + strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1])
		}
		*to = w
		return nil
	})
}

func webURL(key string, to *string, usual string) setting {
	return single(key, usual, func(w string) error {
		u, err := neturl.Parse(w)
		if w != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return errors.New("write an address such as http://127.0.0.1:8088")
		}
		if w != "" && u.User != nil {
			return errors.New("a password has no place in an address: it stands in a file of its own")
		}
		*to = strings.TrimSuffix(w, "/")
		return nil
	})
}

// dsn is the path of a file, or PostgreSQL without its password.
func dsn(key string, to *string, usual string, place func(string) string) setting {
	return single(key, usual, func(w string) error {
		if !strings.Contains(w, "://") {
			*to = place(w)
			return nil
		}
		u, err := neturl.Parse(w)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
			return errors.New("write the path of a file, or postgres://user@host:5432/database")
		}
		if _, given := u.User.Password(); given || u.Query().Has("password") {
			return errors.New("leave the password out of it: put it into a file and name that in sql.password_file")
		}
		*to = w
		return nil
	})
}

func address(key string, to *string, usual string) setting {
	return single(key, usual, func(w string) error {
		host, port, err := net.SplitHostPort(w)
		n, bad := strconv.Atoi(port)
		if err != nil || bad != nil || n < 0 || n > 65535 || host != "" && host != "localhost" && net.ParseIP(host) == nil {
			return errors.New("write host and port, such as " + usual)
		}
		*to = w
		return nil
	})
}

// ownPort is one of this machine's addresses with a port; "" is none.
func ownPort(key string, to *string, such string) setting {
	return single(key, "", func(w string) error {
		at, err := netip.ParseAddrPort(w)
		if w != "" && (err != nil || !at.Addr().Is4() || at.Addr().IsUnspecified() || at.Port() == 0) {
			return errors.New("write one IPv4 address of this machine and a port, such as " + such + ", or leave it empty")
		}
		*to = w
		return nil
	})
}

// hostPorts is a list of servers, each host:port.
func hostPorts(key string, to *[]string, usual []string) setting {
	return each(key, to, usual, func(w string) bool {
		host, port, err := net.SplitHostPort(w)
		n, bad := strconv.Atoi(port)
		return err == nil && bad == nil && host != "" && n > 0 && n <= 65535
	}, "write host and port of each, such as [192.0.2.1:26379, 192.0.2.2:26379, 192.0.2.3:26379]")
}

func ipv4(key string, to *string, usual string) setting {
	return single(key, usual, func(w string) error {
		if ip := net.ParseIP(w); ip == nil || ip.To4() == nil {
			return errors.New("write an IPv4 address, such as 127.0.0.1 or 0.0.0.0")
		}
		*to = w
		return nil
	})
}

func sipURI(key string, to *string, usual string) setting {
	return matching(key, to, usual, `|sips?:[^\s;"<>]+`, "write where the trunk is called, such as sip:192.0.2.1:5060, or leave it empty")
}

func areaCode(key string, to *string, usual string) setting {
	return matching(key, to, usual, `|0[1-9][0-9]{1,2}`, "write the city's area code with its 0, such as 0550")
}

// each is a list whose every word has a certain form.
func each(key string, to *[]string, usual []string, fine func(string) bool, right string) setting {
	return setting{key, usual, true, func(words []string) error {
		for _, w := range words {
			if !fine(w) {
				return fmt.Errorf("%q is wrong: %s", w, right)
			}
		}
		*to = slices.Clone(words)
		return nil
	}}
}

// peers is a list of other Asterisks, each name=address.
func peers(key string, to *[]Peer, form *regexp.Regexp, right string) setting {
	var words []string
	s := each(key, &words, nil, form.MatchString, right)
	check := s.take
	s.take = func(w []string) error {
		if err := check(w); err != nil {
			return err
		}
		*to = nil
		for _, word := range words {
			name, at, _ := strings.Cut(word, "=") // form has seen to it
			*to = append(*to, Peer{name, at})
		}
		return nil
	}
	return s
}

func addresses(key string, to *[]string, usual []string) setting {
	return each(key, to, usual, func(w string) bool {
		_, _, err := net.ParseCIDR(w)
		return err == nil || net.ParseIP(w) != nil
	}, "write addresses or networks, such as [192.0.2.1, 198.51.100.0/24]")
}

var extensionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.-]{0,39}$`)

func extensions(key string, to *[]string, usual []string) setting {
	return each(key, to, usual, extensionForm.MatchString, "write names of telephones, such as [8001, 8002]")
}

// outsideForm is how package asteriskconfig wants it; adapters do not know one another.
var outsideForm = regexp.MustCompile(`^\+?(?:[0-9XZN]|\[[0-9]+\]){2,}\.?$`)

func outside(key string, to *[]string, usual []string) setting {
	return each(key, to, usual, outsideForm.MatchString, "write forms of numbers, X a figure, Z 1 to 9, N 2 to 9, . the rest, such as [0XXXXXXX., 119]")
}

var languageForm = regexp.MustCompile(`^[a-z]{2,3}$`)

func languages(key string, to *[]string, usual []string) setting {
	s := each(key, to, usual, languageForm.MatchString, "write languages as in the names of the prompt files, such as [zh]")
	inner := s.take
	s.take = func(words []string) error {
		if len(words) == 0 {
			return errors.New("name at least one language, such as [zh]")
		}
		return inner(words)
	}
	return s
}
