package chaos

import (
	"os"
	"testing"

	"hotline/phone"
	"hotline/test/rig"
)

func TestMain(m *testing.M) {
	phone.Quiet()
	os.Exit(rig.Main(m, flow(), straight()))
}
