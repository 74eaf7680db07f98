// Command bundle merges openapi/_base.yaml and the modules' openapi/*.yaml into
// openapi.yaml, the contract at the top of the repository.
//
//	go run ./openapi/bundle          writes openapi.yaml
//	go run ./openapi/bundle -check   fails when openapi.yaml is not up to date
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "only compare")
	root := flag.String("root", ".", "top of the repository")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
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
	target := filepath.Join(root, "openapi.yaml")
	if !check {
		return os.WriteFile(target, merged, 0o644)
	}
	current, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if !bytes.Equal(current, merged) {
		return fmt.Errorf("%s is not up to date; run make generate", target)
	}
	return nil
}
