package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrows says which of our packages the files of a folder may import, tests included. Besides, everyone may import repro. Who may import
// toy may import toy/kernel as well: toy's functions take the kernel that they run on.
var arrows = map[string][]string{
	".":            {"site", "mmpo", "datasets", "toy/kernel", "bench", "sweeps"},
	"wasm":         {"mmpo", "datasets", "toy", "toy/kernel"},
	"mmpo":         {"toy", "toy/kernel", "datasets"},
	"mmpo/bits":    {"mmpo", "toy", "toy/kernel", "datasets"},
	"toy":          {"toy/kernel"},
	"toy/kernel":   {},
	"datasets":     {},
	"site":         {},
	"repro":        {},
	"bench":        {"toy", "toy/kernel"},
	"bench/engine": {"bench", "toy/kernel"},
	"sweeps":       {"mmpo"},
}

// unread lists the folders, by name, that hold none of our Go files.
var unread = []string{"node_modules", "build", "dist", ".git", ".bin"}

// imports returns what each of our Go files imports, by its path.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(unread, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		found[path] = []string{}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[path] = append(found[path], name)
		}
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, found["serve.go"], "margins/site", "the files are being read")
	return found
}

func TestImportsRunOneWay(t *testing.T) {
	for file, names := range imports(t) {
		folder := filepath.ToSlash(filepath.Dir(file))
		allowed, known := arrows[folder]
		if !assert.True(t, known, "%s: what may the folder %s import? Tell arrows.", file, folder) {
			continue
		}
		for _, name := range names {
			ours, is := strings.CutPrefix(name, "margins/")
			if !is || ours == "repro" || ours == folder { // a folder's own name: tests from outside the package
				continue
			}
			assert.Contains(t, allowed, ours, "%s imports %s", file, name)
		}
	}
}

// What touches JavaScript is small and known by its name.
func TestJavaScriptOnlyInFilesNamedSo(t *testing.T) {
	for file, names := range imports(t) {
		if slices.Contains(names, "syscall/js") {
			assert.Regexp(t, `_js(_test)?\.go$`, file, "imports syscall/js")
		}
	}
}

// net/http alone would add half a megabyte to what every visitor loads.
func TestEngineHasNoHTTP(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "./wasm")
	list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	list.Stderr = os.Stderr
	out, err := list.Output()
	require.NoError(t, err)
	packages := strings.Fields(string(out))
	require.Contains(t, packages, "margins/mmpo", "the engine's own packages are listed")
	assert.NotContains(t, packages, "net/http")
}
