// Package hook is how a domain lets the domains above it take part in what it
// does: the lower one declares an interface, the upper ones register what
// implements it, and all of them are called in the order of their names.
//
// The owner of a hook H has three lines:
//
//	func ProvideH(constructors ...any) fx.Option { return hook.Provide[H](constructors...) }
//
//	type hooksIn struct {
//		fx.In
//		Hs []H `group:"hooks"`
//	}
//
//	func(in hooksIn) hooks { return hooks{hook.Sorted(in.Hs)} }
//
// Groups of fx are shuffled on purpose. Names are the order, because hooks of
// one transaction take locks one after another.
package hook
