// Package schedule is the arithmetic of turn deadlines: settings, and pure
// functions from a time to a time. It reads no clock and keeps nothing.
//
// What always holds:
//
//   - Deadlines are instants in UTC. A grid's times are local times of its zone;
//     each local slot happens exactly once. A time that a change to summer time
//     skips happens later by the length of the gap (02:30 becomes 03:30), a time
//     that comes twice happens the first time. Slots that fall together are one.
//   - A slot that follows is at least MinGap away from what it follows, and at
//     most MaxGap.
//   - However long nobody looked at the clock, one turn catches up, and the next
//     one lies in the future again.
//   - An early turn moves the deadline on by no more than one interval, and a
//     grid game comes back to its grid.
//
// The zone database is compiled in, so that an image without one knows all zones.
package schedule

import _ "time/tzdata" // zones without files of the operating system
