package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const base = `
openapi: 3.0.3
info: {title: t, version: '1'}
tags:
  - name: platform
x-error-codes: [not_found, conflict]
paths:
  /healthz: {get: {operationId: getHealth, responses: {default: {$ref: '#/components/responses/Error'}}}}
components:
  schemas:
    ErrorCode: {type: string, enum: []}
  responses:
    Error: {description: x}
`

const games = `
x-error-codes: [game_full, conflict]
tags:
  - name: lobby
paths:
  /games:
    get: {operationId: listGames, responses: {default: {$ref: '#/components/responses/Error'}}}
components:
  schemas:
    Game: {type: object}
  examples:
    Game: {value: {}}
`

const moreGames = `
paths:
  /games:
    post: {operationId: createGame, responses: {default: {description: x}}}
`

func TestFragmentsBecomeOneDocument(t *testing.T) {
	t.Parallel()
	got, err := Merge([]byte(base), map[string][]byte{"lobby.yaml": []byte(games), "turn.yaml": []byte(moreGames)})
	require.NoError(t, err)
	doc, err := parse(got)
	require.NoError(t, err)
	path := find(find(doc, "paths"), "/games")
	require.NotNil(t, find(path, "get"))
	require.NotNil(t, find(path, "post"), "a path may be spread over fragments")
	require.NotNil(t, find(find(find(doc, "components"), "schemas"), "Game"))
	require.NotNil(t, find(find(find(doc, "components"), "examples"), "Game"), "a kind of component that the base does not have")
	require.Len(t, find(doc, "tags").Content, 2)
	require.Nil(t, find(doc, codesKey))
	var codes []string
	for _, c := range find(find(find(find(doc, "components"), "schemas"), "ErrorCode"), "enum").Content {
		codes = append(codes, c.Value)
	}
	require.Equal(t, []string{"conflict", "game_full", "not_found"}, codes, "one closed set, sorted")
}

func TestTheResultDependsOnTheTextsAlone(t *testing.T) {
	t.Parallel()
	parts := map[string][]byte{"b.yaml": []byte(games), "a.yaml": []byte(moreGames), "c.yaml": []byte("x-error-codes: [z, a]")}
	want, err := Merge([]byte(base), parts)
	require.NoError(t, err)
	for range 20 {
		got, err := Merge([]byte(base), parts)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func TestWhatCannotBeMergedIsReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := Merge([]byte(base), map[string][]byte{
		"a.yaml": []byte(games), "b.yaml": []byte(games),
		"c.yaml": []byte("servers: []"), "d.yaml": []byte("- a list"), "e.yaml": []byte("a: [broken"), "f.yaml": []byte(""),
		"g.yaml": []byte("components: {schemas: {Lost: {$ref: '#/components/schemas/Nowhere'}, Far: {$ref: 'other.yaml#/X'}}}"),
	})
	for _, want := range []string{
		"b.yaml: path /games get is defined twice", "component schemas Game is defined twice", `c.yaml: a fragment cannot have "servers"`,
		"d.yaml: the document is not a mapping", "e.yaml: yaml:", "f.yaml: the document is not a mapping",
		"reference #/components/schemas/Nowhere cannot be resolved", "reference other.yaml#/X cannot be resolved",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = Merge([]byte("openapi: 3.0.3"), nil)
	require.ErrorContains(t, err, "components is missing")
	_, err = Merge([]byte("["), nil)
	require.ErrorContains(t, err, "_base.yaml")
}

func TestTheCommandWritesAndChecks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.ErrorContains(t, run(root, false), "_base.yaml")
	require.NoError(t, os.Mkdir(filepath.Join(root, "openapi"), 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, "openapi", name), []byte(text), 0o600))
	}
	write("_base.yaml", base)
	write("lobby.yaml", games)
	require.Error(t, run(root, true), "there is no document yet")
	require.NoError(t, run(root, false))
	require.NoError(t, run(root, true))
	write("turn.yaml", moreGames)
	require.ErrorContains(t, run(root, true), "not up to date")
	write("turn.yaml", games)
	require.ErrorContains(t, run(root, false), "is defined twice")
}
