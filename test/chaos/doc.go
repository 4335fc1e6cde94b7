// Package chaos kills, stops and freezes the controllers of a hotline under load,
// empties and restarts its Redis and locks its SQL, at moments that are aimed at; and
// judges from outside – by what telephones hear, by packets, and by the tickets in SQL –
// whether anybody on the telephone noticed.
//
//	make chaos
//	CHAOS_SEED=7 CHAOS_MINUTES=5 CHAOS_KILLS=50 make chaos
//	go test ./test/chaos -run TestTakeUp500 -callers 500 -v
//
// Two versions take over from each other when one controller in two is of another
// build, a test program of this package made in a checkout of that version:
//
//	go test -c -o /tmp/before.test ./test/chaos
//	HOTLINE_OTHER_BUILD=/tmp/before.test make chaos
package chaos
