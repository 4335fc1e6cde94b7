package ari

import (
	"context"
	"net/http"

	lib "github.com/CyCoreSystems/ari/v5"
)

// Ping asks Asterisk to answer.
func Ping() Request { return get("asterisk.ping", "asterisk", "ping") }

// Info tells Asterisk's version and start time.
func Info(ctx context.Context, d Doer) (lib.AsteriskInfo, error) {
	return Fetch[lib.AsteriskInfo](ctx, d, get("asterisk.info", "asterisk", "info"))
}

// SetGlobal sets a global variable, which the dialplan can read; it is gone
// when Asterisk restarts.
func SetGlobal(name, value string) Request {
	return post("asterisk.set", "asterisk", "variable").
		json(map[string]string{"variable": name, "value": value})
}

// GetGlobal reads a global variable; empty where it was never set.
func GetGlobal(ctx context.Context, d Doer, name string) (string, error) {
	v, err := Fetch[struct{ Value string }](ctx, d,
		get("asterisk.get", "asterisk", "variable").with("variable", name))
	return v.Value, err
}

// SetEventFilter lets only these event types (with the answers to requests and
// user events, which Connect needs) reach the application; none means all.
// Connect does it by itself.
func SetEventFilter(app string, events ...Type) Request {
	type allow struct {
		Type Type `json:"type"`
	}
	list := []allow{}
	if len(events) > 0 {
		list = append(list, allow{RESTResponse}, allow{ChannelUserevent})
	}
	for _, e := range events {
		list = append(list, allow{e})
	}
	return put("app.filter", "applications", app, "eventFilter").json(map[string]any{"allowed": list})
}

// userEvent sends the application an event of this name.
func userEvent(app, name string) Request {
	return post("event.user", "events", "user", name).with("application", app)
}

// App reads which channels, bridges and endpoints an application gets events
// of. One that never connected is a 404.
func App(ctx context.Context, d Doer, app string) (lib.ApplicationData, error) {
	return Fetch[lib.ApplicationData](ctx, d, get("app.get", "applications", app).patient())
}

// Subscribe sends the application the events of a source, for example
// "endpoint:PJSIP/8001". Channels and bridges of the application need none.
func Subscribe(app, source string) Request {
	return post("app.subscribe", "applications", app, "subscription").with("eventSource", source)
}

// Unsubscribe ends Subscribe; one that was never made is success.
func Unsubscribe(app, source string) Request {
	return remove("app.unsubscribe", "applications", app, "subscription").
		with("eventSource", source).Or(http.StatusConflict, http.StatusUnprocessableEntity)
}

// Endpoints lists the endpoints of a technology ("PJSIP"; empty: all) with
// their state: "online", "offline" or "unknown".
func Endpoints(ctx context.Context, d Doer, technology string) ([]lib.EndpointData, error) {
	r := get("endpoint.list", "endpoints")
	if technology != "" {
		r = get("endpoint.list", "endpoints", technology)
	}
	return Fetch[[]lib.EndpointData](ctx, d, r.patient())
}

// Endpoint reads one endpoint; one that was never configured is a 404.
func Endpoint(ctx context.Context, d Doer, technology, resource string) (lib.EndpointData, error) {
	return Fetch[lib.EndpointData](ctx, d, get("endpoint.get", "endpoints", technology, resource))
}

// Field is one setting of a configuration object: Attribute and Value.
type Field = lib.ConfigTuple

// PutDynamic creates or changes a configuration object at run time, for
// example class "res_pjsip", type "endpoint", id "8001". Fields are applied in
// order (disallow before allow). sorcery.conf must give the type a place to
// write to ("memory", "astdb"), otherwise it is a 403. Objects from files
// cannot be changed (403), and there is no way to list objects: whoever makes
// them must be able to name them.
func PutDynamic(class, kind, id string, fields ...Field) Request {
	return put("config.put", "asterisk", "config", "dynamic", class, kind, id).
		json(lib.ConfigTupleList{Fields: fields}).patient()
}

// DeleteDynamic deletes a configuration object made by PutDynamic; one that is
// gone already is success.
func DeleteDynamic(class, kind, id string) Request {
	return remove("config.delete", "asterisk", "config", "dynamic", class, kind, id).
		Or(http.StatusNotFound).patient()
}

// GetDynamic reads a configuration object (secrets included); one that does
// not exist is a 404.
func GetDynamic(ctx context.Context, d Doer, class, kind, id string) (map[string]string, error) {
	list, err := Fetch[[]Field](ctx, d,
		get("config.get", "asterisk", "config", "dynamic", class, kind, id).patient())
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(list))
	for _, f := range list {
		fields[f.Attribute] = f.Value
	}
	return fields, nil
}
