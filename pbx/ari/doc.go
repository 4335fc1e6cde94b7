// Package ari speaks to one Asterisk through its REST interface (ARI). It
// knows channels, bridges, playbacks and recordings; it knows no hotline.
//
// A connection is the event socket of one application:
//
//	conn, err := ari.Connect(ctx, config, func(c *ari.Conn, e *ari.Event) {
//		// an event nobody watches: usually a new caller's StasisStart
//	})
//
// Requests are values. The same request goes through whichever way fits:
//
//	err = conn.Do(ctx, ari.Answer(id))                  // send it, wait for the answer
//	p, err := conn.Start(ari.StopMOH(id))               // send it now, p.Wait(ctx) later
//	err = conn.Batch(ctx, ari.StopPlayback(p), ari.StopMOH(id), ari.AddToBridge(b, id))
//	list, err := ari.Channels(ctx, conn)                // an answer with content
//
// Over the event socket Asterisk executes requests one after another in the
// order sent, which is cheap (no HTTP) and lets a batch be pipelined; but one
// that waits stalls all behind it, the pong to our ping included. So Do sends
// what may wait (Request.Patient) over one of eight further sockets that carry
// one request at a time, or over HTTP; Start and Batch always use the socket.
//
// Events go to mailboxes, by one map from the ids of channels, bridges,
// playbacks, recordings and endpoints:
//
//	box := ari.NewMailbox(64)
//	conn.Watch(box, channelID, bridgeID)   // before the request that creates them
//	for e := range box.Events() { … }
//	box.Err()                              // why it ended: ErrOverflow, ErrLost, ErrReplaced …
//
// Nothing is dropped silently and nothing is repaired silently: a mailbox that
// overflows ends, a socket that is lost ends with all its mailboxes. The owner
// connects again, lists channels and bridges, compares and acts.
//
// From github.com/CyCoreSystems/ari/v5 come types, keys and the typed decoding
// of events (Event.Decode). Its connection is not used: an unknown event type
// panics the process, a full subscription drops events silently, requests have
// no timeout. The fields of an Event that are needed for every call are read
// by a small scanner instead, which the tests hold against the library.
//
// Measured on two shared cores, Asterisk 22.10.1 beside it: an event costs
// 1.5 µs to decode (the library 16 µs, encoding/json into one struct 12 µs) and
// 2 µs with its dispatch among 2,000 calls. With fifty requests under way, one
// costs 24 µs of processor time here and 19 µs in Asterisk over the socket,
// 32 and 23 µs over HTTP; 500 sent together were done in 41 ms, stopping a
// prompt and music and joining two channels in 1.2 ms.
package ari
