package pbx

import (
	"context"

	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx/ari"
)

// PushPhone makes the account of a telephone, or changes it.
func (x *Exchange) PushPhone(ctx context.Context, objects []asteriskconfig.Object) error {
	for _, o := range objects {
		fields := make([]ari.Field, len(o.Settings))
		for i, s := range o.Settings {
			fields[i] = ari.Field{Attribute: s.Attribute, Value: s.Value}
		}
		if err := x.conn.Do(ctx, ari.PutDynamic("res_pjsip", o.Kind, o.ID, fields...)); err != nil {
			return err
		}
	}
	return nil
}

// RemovePhone takes the account away.
func (x *Exchange) RemovePhone(ctx context.Context, id string) error {
	for _, kind := range []string{"endpoint", "aor", "auth"} {
		err := x.conn.Do(ctx, ari.DeleteDynamic("res_pjsip", kind, id))
		if err != nil && !ari.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// Registered lists the telephones that are registered.
func (x *Exchange) Registered(ctx context.Context) (map[string]bool, error) {
	endpoints, err := ari.Endpoints(ctx, x.conn, "PJSIP")
	if err != nil {
		return nil, err
	}
	online := map[string]bool{}
	for _, e := range endpoints {
		online[e.Resource] = e.State == "online"
	}
	return online, nil
}
