// Command pgwrite runs the analyzer pgwrite under go vet, which caches its
// findings per package: go vet -vettool=.bin/pgwrite ./...
package main

import (
	"golang.org/x/tools/go/analysis/unitchecker"

	"galaxy/backend/tools/pgwrite"
)

func main() { unitchecker.Main(pgwrite.Analyzer) }
