// Package lifecycle gives every long-running component a named place in the
// start and stop order of the process. It is the only package that names
// fx.Lifecycle, and it holds the only Invoke of the program.
//
// fx stops hooks in the reverse of the order they were appended, and appends
// them in the order constructors happen to run: an accident of parameter lists
// and of the shuffled value groups. Here the order is data. Each component is
// entered under a Phase, and one fx hook is appended per phase, in phase order.
//
//  1. Components of one phase start one after another, by name.
//  2. Phases stop in reverse; components of one phase stop side by side, each
//     within its own budget and never longer than the process-wide Cap.
//  3. A component that panics or overruns while stopping costs its own budget;
//     the phases after it still run.
//  4. When a component fails to start, what had started is stopped again, the
//     part of its own phase included. So it is when an Interrupt ends the start.
package lifecycle
