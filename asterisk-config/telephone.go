package asteriskconfig

import (
	"crypto/md5"
	"encoding/hex"
)

// Setting is one attribute of an object in Asterisk.
type Setting struct{ Attribute, Value string }

// Object is what is pushed by PUT /ari/asterisk/config/dynamic/res_pjsip/{Kind}/{ID}.
type Object struct {
	Kind     string // auth, aor or endpoint
	ID       string
	Settings []Setting // in the order in which they must be applied
}

// Realm is what a telephone's password is hashed with; Asterisk's challenges name it.
const Realm = "hotline"

// Digest is the form in which a telephone's password is kept: MD5, because that is
// what every telephone can answer to (RFC 2617, HA1).
func Digest(id, password string) string {
	sum := md5.Sum([]byte(id + ":" + Realm + ":" + password))
	return hex.EncodeToString(sum[:])
}

// Trunk is the endpoint of the line to the public network (pjsip.conf).
const Trunk = "trunk"

// Pushed tells whether an endpoint can be a telephone that was pushed.
func Pushed(id string) bool { return id != Trunk && id != shutOut }

// shutOut is the endpoint that addresses become that are shut out (pjsip.conf).
const shutOut = "shut-out"

// ShutOut gives the object that shuts an address out as long as it is there:
// whatever comes from it is refused.
func ShutOut(address string) Object {
	return Object{"identify", shutOut + "-" + address, []Setting{{"endpoint", shutOut}, {"match", address}}}
}

// How a telephone's sound is encrypted (sip.srtp).
const (
	SRTPOff      = "off"      // never
	SRTPOffered  = "offered"  // when the telephone can; others speak in the clear
	SRTPRequired = "required" // or no call
)

// Encrypted gives what an endpoint needs for SRTP with keys in the SDP.
func Encrypted(srtp string) []Setting {
	switch srtp {
	case SRTPRequired:
		return []Setting{{"media_encryption", "sdes"}, {"media_encryption_optimistic", "no"}}
	case SRTPOffered:
		return []Setting{{"media_encryption", "sdes"}, {"media_encryption_optimistic", "yes"}}
	default:
		return []Setting{{"media_encryption", "no"}, {"media_encryption_optimistic", "no"}}
	}
}

// Telephone gives the objects that make a telephone, in the order in which they
// must be pushed; to take it away, delete them in the opposite order. digest is
// Digest's; media is the address that sound is bound to, or empty for all; more
// are further settings of the endpoint (Encrypted).
func Telephone(id, digest, media string, more ...Setting) []Object {
	endpoint := []Setting{
		{"auth", id},
		{"aors", id},
		{"context", "from-phone"},
		{"identify_by", "username"},
		{"disallow", "all"},
		{"allow", "alaw,ulaw"},
		{"dtmf_mode", "rfc4733"},
		{"language", "zh"},
		{"tone_zone", "cn"},
		// Whatever the telephone calls itself, its calls come from its account.
		{"callerid", id},
		{"trust_id_inbound", "no"},
		// The media goes through us, and back to where it came from (NAT).
		{"direct_media", "no"},
		{"rtp_symmetric", "yes"},
		{"force_rport", "yes"},
		{"rewrite_contact", "yes"},
		// A telephone moves no call: not by REFER, not by 3xx (its target is taken
		// as an extension of from-phone, which refuses what was forwarded). No set_var
		// here: Asterisk 22.10 cannot change an account that has one (500).
		{"allow_transfer", "no"},
		{"redirect_method", "user"},
		// One call at a time; a second is refused as busy by Asterisk itself.
		{"device_state_busy_at", "1"},
		{"timers", "always"},
		{"timers_min_se", "90"},
		{"timers_sess_expires", "600"},
	}
	if media != "" {
		endpoint = append(endpoint, Setting{"media_address", media}, Setting{"bind_rtp_to_media_address", "yes"})
	}
	endpoint = append(endpoint, more...)
	return []Object{
		{"auth", id, []Setting{
			{"auth_type", "digest"},
			{"username", id},
			{"realm", Realm},
			{"password_digest", "MD5:" + digest},
		}},
		{"aor", id, []Setting{
			// The telephone that registers last has the account.
			{"max_contacts", "1"},
			{"remove_existing", "yes"},
			{"remove_unavailable", "yes"},
			{"minimum_expiration", "30"},
			{"default_expiration", "120"},
			{"maximum_expiration", "600"},
			// A telephone that was unplugged is noticed within this time, not at
			// the end of its registration.
			{"qualify_frequency", "15"},
			{"qualify_timeout", "2"},
		}},
		{"endpoint", id, endpoint},
	}
}
