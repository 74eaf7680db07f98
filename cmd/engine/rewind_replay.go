package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"galaxy/backend/cmd/engine/internal/store"
)

// stateFlags returns the flags of subcommands that work on a stopped game.
func stateFlags(name string, getenv func(string) string, stderr io.Writer) (flags *flag.FlagSet, dir *string) {
	flags = flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	fallback := getenv("ENGINE_STATE_DIR")
	if fallback == "" {
		fallback = defaultStateDir
	}
	return flags, flags.String("state-dir", fallback, "state directory of the game")
}

// rewind archives the turns after --turn, so that the game continues from there.
func rewind(args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags, dir := stateFlags("rewind", getenv, stderr)
	turn := flags.Int("turn", -1, "turn to continue from")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *turn < 0 {
		return errors.New("rewind needs --turn")
	}
	if err := store.Rewind(*dir, *turn, nil); err != nil {
		return fmt.Errorf("rewind to turn %d: %w", *turn, err)
	}
	_, err := fmt.Fprintf(stdout, "the game goes on from turn %d\n", *turn)
	return err
}

// replay generates every turn again; with --verify a difference is an error.
func replay(args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	flags, dir := stateFlags("replay", getenv, stderr)
	verify := flags.Bool("verify", false, "fail when a turn comes out differently")
	if err := flags.Parse(args); err != nil {
		return err
	}
	directory, err := store.Open(*dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, directory.Close()) }()
	different := 0
	err = directory.Replay(func(r store.Replayed) error {
		verdict := "ok"
		if !r.Same() {
			verdict = "differs, recorded " + r.Recorded[:16]
			different++
		}
		_, err := fmt.Fprintf(stdout, "turn %d %s %s\n", r.Turn, r.Hash[:16], verdict)
		return err
	})
	if err == nil && *verify && different > 0 {
		err = fmt.Errorf("%d turns came out differently", different)
	}
	return err
}
