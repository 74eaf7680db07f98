// Command bundle merges openapi/_base.yaml and the modules' openapi/*.yaml into
// openapi.yaml, the contract in the root of the repository, and reduces that to
// openapi/shapes.json, which the binary reads at its start.
//
//	go run ./openapi/bundle          writes both files
//	go run ./openapi/bundle -check   fails when they are not up to date
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"galaxy/backend/openapi/shapes"
)

func main() {
	check := flag.Bool("check", false, "only compare")
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func run(root string, check bool) error {
	parts, err := filepath.Glob(filepath.Join(root, "openapi", "*.yaml"))
	if err != nil {
		return err
	}
	base := filepath.Join(root, "openapi", "_base.yaml")
	texts := map[string][]byte{}
	for _, name := range append(parts, base) {
		if texts[name], err = os.ReadFile(name); err != nil {
			return err
		}
	}
	delete(texts, base)
	text, err := os.ReadFile(base)
	if err != nil {
		return err
	}
	merged, err := Merge(text, texts)
	if err != nil {
		return err
	}
	reduced, err := shapes.Reduce(merged)
	if err != nil {
		return err
	}
	small, err := json.Marshal(reduced)
	if err != nil {
		return err
	}
	return errors.Join(
		writeOrCompare(filepath.Join(root, "openapi.yaml"), merged, check),
		writeOrCompare(filepath.Join(root, "openapi", "shapes.json"), append(small, '\n'), check))
}

// writeOrCompare writes a file atomically, or compares it.
func writeOrCompare(name string, text []byte, check bool) error {
	if check {
		current, err := os.ReadFile(name)
		if err == nil && !bytes.Equal(current, text) {
			err = fmt.Errorf("%s is not up to date; run make generate", name)
		}
		return err
	}
	if err := os.WriteFile(name+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
