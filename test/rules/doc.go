// Package rules proves that the house is built as ARCHITECTURE.md says: imports
// go one way, the domain is pure, each technology stays in its adapter, no
// state hides in package variables. Each rule is also shown to fail.
package rules
