package testkit

import (
	"flag"
	"runtime"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Notices reports whether a model fails, as it must once it is given a mistake:
// a model that no mistake makes fail proves nothing. Its findings are not
// printed. The test that calls it must not be parallel: rapid's settings are the
// program's.
func Notices(t *testing.T, model func(t rapid.TB)) bool {
	t.Helper()
	for name, value := range map[string]string{"rapid.shrinktime": "1ms", "rapid.nofailfile": "true"} {
		old := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatalf("set %s: %v", name, err)
		}
		defer func() { _ = flag.Set(name, old) }()
	}
	v := &verdict{T: t}
	var wg sync.WaitGroup
	wg.Go(func() { model(v) }) // it ends its goroutine when it fails
	wg.Wait()
	return v.failed
}

// verdict is a test that is expected to fail.
type verdict struct {
	*testing.T
	failed bool
}

func (v *verdict) Logf(string, ...any)   {}
func (v *verdict) Log(...any)            {}
func (v *verdict) Errorf(string, ...any) { v.failed = true }
func (v *verdict) Error(...any)          { v.failed = true }
func (v *verdict) Fail()                 { v.failed = true }
func (v *verdict) Failed() bool          { return v.failed }
func (v *verdict) Fatalf(string, ...any) { v.FailNow() }
func (v *verdict) Fatal(...any)          { v.FailNow() }
func (v *verdict) FailNow() {
	v.failed = true
	runtime.Goexit()
}
