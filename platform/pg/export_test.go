package pg

import "time"

// Distrust lets the trust of a lock run out.
func Distrust(l *Lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trusted = time.Time{}
}

// Doubt asks the watch of a lock for a check at once.
func Doubt(l *Lock) { l.doubt <- struct{}{} }
