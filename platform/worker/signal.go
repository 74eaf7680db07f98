package worker

// Signal wakes one loop. It is made before the loop and before whoever sends it,
// so that neither has to know the other. A signal that is sent several times
// before the loop looks is one.
type Signal struct{ c chan struct{} }

// NewSignal makes a signal that is not set.
func NewSignal() *Signal { return &Signal{c: make(chan struct{}, 1)} }

// Send sets the signal. It never blocks.
func (s *Signal) Send() {
	select {
	case s.c <- struct{}{}:
	default:
	}
}

// C yields a value for a signal that was sent since the last one.
func (s *Signal) C() <-chan struct{} { return s.c }
