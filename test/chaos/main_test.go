package chaos

import (
	"fmt"
	"os"
	"testing"

	"hotline/phone"
	"hotline/test/rig"
)

func TestMain(m *testing.M) {
	phone.Quiet()
	if err := level(); err != nil {
		fmt.Fprintln(os.Stderr, "not level with the others:", err)
	}
	os.Exit(rig.Main(m, flow(), straight()))
}
