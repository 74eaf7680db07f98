package main

import (
	"testing"

	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/testkit"
)

// The part of G11 that concerns tests: booting a module on a database of its own
// takes at most 120 ms, twice the time of the database alone.
//
//	go test -run '^$' -bench Boot -benchtime 20x .
func BenchmarkBoot(b *testing.B) {
	testkit.Postgres(b) // starts the server and creates the template, once for all
	b.Run("database alone", func(b *testing.B) {
		for b.Loop() {
			testkit.Postgres(b)
		}
	})
	b.Run("one module", func(b *testing.B) {
		for b.Loop() {
			testkit.Boot(b, admin.Module, fx.Supply(admin.Config{}))
		}
	})
}
