// Package metrics counts and measures for Prometheus. It has its own registry;
// other packages say what happened through small meters that Metrics
// implements, and gauges are functions read at the moment of a scrape. Labels
// have few values: whatever could grow without end is bounded and called
// "other".
package metrics
