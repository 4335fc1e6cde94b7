// Package test tells stories of the whole hotline on a real Asterisk.
package test

import (
	"os"
	"testing"

	"hotline/phone"
	"hotline/test/rig"
)

func TestMain(m *testing.M) {
	phone.Quiet()
	os.Exit(rig.Main(m, direct(), story(), patient(), recorded()))
}
