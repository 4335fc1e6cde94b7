package house

import (
	"crypto/md5"
	"encoding/hex"
)

// hexMD5 is what telephones answer a challenge with (RFC 2617).
func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
