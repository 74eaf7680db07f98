package main

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"gopkg.in/yaml.v3"
)

// members iterates over a mapping in the order of its text.
func members(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// find returns the member of a mapping, or nil.
func find(n *yaml.Node, key string) *yaml.Node {
	for k, v := range members(n) {
		if k == key {
			return v
		}
	}
	return nil
}

// findOrAdd returns the member of a mapping, and adds it if there is none.
func findOrAdd(n *yaml.Node, key string) *yaml.Node {
	if c := find(n, key); c != nil {
		return c
	}
	c := &yaml.Node{Kind: yaml.MappingNode}
	if key == "tags" {
		c.Kind = yaml.SequenceNode
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, c)
	return c
}

// unresolved lists the references that cannot be resolved.
func unresolved(doc *yaml.Node) error {
	var errs []error
	seen := map[string]bool{}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for key, value := range members(n) {
			if key == "$ref" && value.Kind == yaml.ScalarNode && !seen[value.Value] {
				seen[value.Value] = true
				if !resolves(doc, value.Value) {
					errs = append(errs, fmt.Errorf("reference %s cannot be resolved", value.Value))
				}
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(doc)
	return errors.Join(errs...)
}

func resolves(doc *yaml.Node, ref string) bool {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return false
	}
	for key := range strings.SplitSeq(path, "/") {
		if doc = find(doc, key); doc == nil {
			return false
		}
	}
	return true
}
