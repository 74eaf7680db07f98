// Package module makes the fx modules of the program: each has a name, and its
// log lines carry it.
package module

import (
	"go.uber.org/fx"
	"go.uber.org/zap"
)

// New is fx.Module with a logger of the module's name.
func New(name string, options ...fx.Option) fx.Option {
	named := fx.Decorate(func(log *zap.Logger) *zap.Logger { return log.Named(name) })
	return fx.Module(name, append([]fx.Option{named}, options...)...)
}
