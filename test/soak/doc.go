// Package soak measures a whole hotline under many calls: how many it can take,
// what it does with five times as many, a day with a pulse, and hours of calls that
// may leave nothing behind.
//
//	make overload    capacity, then five times that for a minute
//	make soak        2,740 calls in an hour; a 33-seat day, ten times as fast
package soak
