package metrics

import "github.com/prometheus/client_golang/prometheus"

const mostReasons = 16

// door counts who was refused at the door.
type door struct {
	reasons *bound
	refused *prometheus.CounterVec
	shut    prometheus.Counter
}

func (d *door) register(r prometheus.Registerer) {
	d.reasons = newBound(mostReasons)
	d.refused = prometheus.NewCounterVec(counter("sip_refused_total",
		"Requests that Asterisk refused: password (wrong), account (none such, or a stranger), shut_out (from an address that is), outside (a number that telephones may not dial), forged."),
		[]string{"why"})
	for _, why := range []string{"password", "account", "shut_out", "outside", "forged"} {
		d.refused.WithLabelValues(d.reasons.label(why))
	}
	d.shut = prometheus.NewCounter(counter("sip_shut_out_total", "Times an address was shut out because it guessed passwords."))
	r.MustRegister(d.refused, d.shut)
}

// Refused counts a request that Asterisk refused.
func (d *door) Refused(why string) { d.refused.WithLabelValues(d.reasons.label(why)).Inc() }

// ShutOut counts that an address was shut out.
func (d *door) ShutOut() { d.shut.Inc() }
