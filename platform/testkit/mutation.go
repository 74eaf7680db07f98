package testkit

import (
	"flag"
	"runtime"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// DetectsMutant reports whether a model fails, as it must once the code under
// test is given a mistake: a model that no mistake makes fail proves nothing. Its
// findings are not printed. The test that calls it must not be parallel: rapid's settings are the
// program's.
func DetectsMutant(t *testing.T, model func(t rapid.TB)) bool {
	t.Helper()
	for name, value := range map[string]string{"rapid.shrinktime": "1ms", "rapid.nofailfile": "true"} {
		old := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatalf("set %s: %v", name, err)
		}
		defer func() { _ = flag.Set(name, old) }()
	}
	v := &silentT{T: t}
	var wg sync.WaitGroup
	wg.Go(func() { model(v) }) // it ends its goroutine when it fails
	wg.Wait()
	return v.failed
}

// silentT is a test that is expected to fail, and prints nothing.
type silentT struct {
	*testing.T
	failed bool
}

func (v *silentT) Logf(string, ...any)   {}
func (v *silentT) Log(...any)            {}
func (v *silentT) Errorf(string, ...any) { v.failed = true }
func (v *silentT) Error(...any)          { v.failed = true }
func (v *silentT) Fail()                 { v.failed = true }
func (v *silentT) Failed() bool          { return v.failed }
func (v *silentT) Fatalf(string, ...any) { v.FailNow() }
func (v *silentT) Fatal(...any)          { v.FailNow() }
func (v *silentT) FailNow() {
	v.failed = true
	runtime.Goexit()
}
