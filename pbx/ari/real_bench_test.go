package ari_test

import (
	"testing"

	"hotline/pbx/ari"
)

func BenchmarkSocket(b *testing.B) {
	c, _ := newExchange(b).connect(b)
	for b.Loop() {
		must(b, c.Do(b.Context(), ari.Ping()))
	}
}

func BenchmarkHTTP(b *testing.B) {
	x := newExchange(b)
	for b.Loop() {
		must(b, x.boot.Do(b.Context(), ari.Ping()))
	}
}

// BenchmarkBatch is one request of ten sent together.
func BenchmarkBatch(b *testing.B) {
	c, _ := newExchange(b).connect(b)
	ten := make([]ari.Request, 10)
	for i := range ten {
		ten[i] = ari.Ping()
	}
	for n := 0; b.Loop(); n++ {
		if n%10 == 0 {
			must(b, c.Batch(b.Context(), ten...))
		}
	}
}
