package phone

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fourier is a radix-2 Fourier transform of one size, a power of two.
type fourier struct {
	turns []complex128 // e^(-2πik/n)
	order []int        // bit-reversed positions
}

func newFourier(n int) *fourier {
	f := &fourier{turns: make([]complex128, n/2), order: make([]int, n)}
	for k := range f.turns {
		f.turns[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(n))
	}
	shift := 64 - bits.TrailingZeros(uint(n))
	for i := range f.order {
		f.order[i] = int(bits.Reverse64(uint64(i)) >> shift)
	}
	return f
}

// forward transforms x in place.
func (f *fourier) forward(x []complex128) {
	for i, j := range f.order {
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	n := len(x)
	for half := 1; half < n; half *= 2 {
		stride := n / (2 * half)
		for at := 0; at < n; at += 2 * half {
			low, high := x[at:at+half], x[at+half:at+2*half]
			for k := range low {
				t := f.turns[k*stride] * high[k]
				low[k], high[k] = low[k]+t, low[k]-t
			}
		}
	}
}

// back is the inverse of forward.
func (f *fourier) back(x []complex128) {
	for i := range x {
		x[i] = cmplx.Conj(x[i])
	}
	f.forward(x)
	scale := complex(1/float64(len(x)), 0)
	for i := range x {
		x[i] = cmplx.Conj(x[i]) * scale
	}
}
