package hook

import (
	"cmp"
	"slices"

	"go.uber.org/fx"
)

// Named is what every hook can say: its name, by which it is ordered.
type Named interface{ Name() string }

// Provide registers what each constructor returns as an H.
func Provide[H Named](constructors ...any) fx.Option {
	options := make([]fx.Option, len(constructors))
	for i, c := range constructors {
		options[i] = fx.Provide(fx.Annotate(c, fx.As(new(H)), fx.ResultTags(`group:"hooks"`)))
	}
	return fx.Options(options...)
}

// Sorted returns hooks in the order of their names.
func Sorted[H Named](hooks []H) []H {
	return slices.SortedFunc(slices.Values(hooks), func(a, b H) int { return cmp.Compare(a.Name(), b.Name()) })
}
