package pbx

import (
	"context"
	"net/netip"

	asteriskconfig "hotline/asterisk-config"
	"hotline/pbx/ari"
)

// ShutOut has Asterisk refuse all that comes from the address, until Open or its
// own restart. Talks stand, but a request within one is refused as well.
func (x *Exchange) ShutOut(ctx context.Context, a netip.Addr) error {
	return x.PushPhone(ctx, []asteriskconfig.Object{asteriskconfig.ShutOut(a.String())})
}

// Open ends ShutOut.
func (x *Exchange) Open(ctx context.Context, a netip.Addr) error {
	o := asteriskconfig.ShutOut(a.String())
	err := x.conn.Do(ctx, ari.DeleteDynamic("res_pjsip", o.Kind, o.ID))
	if ari.IsNotFound(err) {
		return nil
	}
	return err
}
