package engine

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module provides the *Client. It needs a Config and a Dialer, which the
// runtime binds to its driver.
var Module = module.New("engine",
	fx.Provide(New),
	lifecycle.Component(lifecycle.Docker, "engine client", time.Second, nil, (*Client).Stop),
)
