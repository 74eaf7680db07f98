package processdriver

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"galaxy/backend/modules/runtime/driver"
)

// DialContext implements driver.Driver.
func (d *Driver) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial engine: %w", err)
	}
	game, ok := driver.GameOf(host)
	if !ok || port != strconv.Itoa(driver.Port) {
		return nil, fmt.Errorf("dial %s: %w", addr, driver.ErrNotFound)
	}
	r, found, err := d.find(ctx, game)
	if err != nil {
		return nil, err
	}
	if !found || !r.alive() {
		return nil, fmt.Errorf("dial engine of game %s: %w", game, driver.ErrNotFound)
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", strconv.Itoa(r.Port)))
}
