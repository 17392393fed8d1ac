package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/mmpo"
)

// The page's view of this program: two TypeScript files, written from the Go types by reflection and from their comments by go/parser.

var update = flag.Bool("update", false, "write the generated TypeScript instead of comparing it")

// messages lists what a worker says, in the order of protocol.go.
var messages = []any{
	Failed{}, Progress{}, Imported{}, Listed{}, Previewed{}, Loaded{}, Fitted{}, Paired{}, Surveyed{}, Prepared{}, Opened{}, LinkRead{},
	LinkWritten{},
	Kept{}, Recalled{}, Saved{}, Adopted{}, WeightsSaved{}, WeightsLoaded{}, Inspected{}, Embedded{}, Rewarded{}, RunRead{}, Planned{},
	Taken{}, Completed{}, Added{}, Judged{}, Shown{}, State{}, Samples{},
}

// Catalog is what the page knows before a worker is up: everything that can be set, trained and measured. Its order is the page's.
type Catalog struct {
	LinkVersion string                  `json:"linkVersion"`
	Engine      string                  `json:"engine"` // version of the engine; another one may give other bits
	Params      []mmpo.Param            `json:"params"`
	Objectives  []mmpo.Objective        `json:"objectives"`
	Metrics     []mmpo.Metric           `json:"metrics"` // the order of the floats in a row, after the step
	Abscissas   []mmpo.Abscissa         `json:"abscissas"`
	Worlds      []World                 `json:"worlds"`
	References  []mmpo.ShippedReference `json:"references"` // the page fetches references/ and the file
	Comparison  mmpo.Comparison         `json:"comparison"` // what the page shows when no link says otherwise
}

// World is a toy world as a person chooses it.
type World struct {
	ID         string               `json:"id"` // permanent: it lives in links
	Title      string               `json:"title"`
	Help       string               `json:"help"`
	Texts      string               `json:"texts"`      // what its responses are, in the plural
	Stakes     []Stake              `json:"stakes"`     // the first is the default
	Attributes []datasets.Attribute `json:"attributes"` // what its true score rewards
	Link       string               `json:"link"`       // the comparison that shows its point
	Point      string               `json:"point"`      // what that shows, in one sentence
}

// Stake is one way to weigh the attributes of a response.
type Stake struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Help  string `json:"help"`
}

func newCatalog() Catalog {
	c := Catalog{
		LinkVersion: mmpo.LinkVersion, Engine: mmpo.EngineVersion, Params: mmpo.Params, Objectives: mmpo.Objectives, Metrics: mmpo.Metrics,
		Abscissas: mmpo.Abscissas, Worlds: []World{}, References: mmpo.Shipped, Comparison: mmpo.DefaultComparison(),
	}
	for _, w := range datasets.Worlds {
		start, ok := mmpo.FindWorldDefault(w.ID)
		if !ok {
			panic(w.ID + " is not in mmpo.WorldDefaults")
		}
		world := World{
			ID: w.ID, Title: w.Title, Help: w.Help, Texts: w.Texts, Attributes: w.Attributes, Link: start.Link, Point: start.Point,
		}
		for _, s := range w.Stakes {
			world.Stakes = append(world.Stakes, Stake(s))
		}
		c.Worlds = append(c.Worlds, world)
	}
	return c
}

// TestTypeScript compares the generated files with what is committed.
func TestTypeScript(t *testing.T) {
	protocol, catalog := generate(t)
	for name, text := range map[string]string{"protocol.gen.ts": protocol, "catalog.gen.ts": catalog} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", "site", "src", "engine", name)
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			committed, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(committed), text, "run go test ./wasm -run TestTypeScript -update")
		})
	}
}

// TestMessages holds that no message of protocol.go is missing from the list, and that its comment tells the name it has.
func TestMessages(t *testing.T) {
	var declared, listed []string
	file, err := parser.ParseFile(token.NewFileSet(), "protocol.go", nil, parser.ParseComments)
	require.NoError(t, err)
	src := newSource(file)
	for name, spec := range src.structs {
		if fieldType(spec, "Type") == "string" {
			declared = append(declared, name)
		}
	}
	for _, m := range messages {
		name := reflect.TypeOf(m).Name()
		listed = append(listed, name)
		assert.Equal(t, fmt.Sprintf("%q", typeName(m)), src.notes[name+".Type"], "comment of %s.Type", name)
	}
	require.ElementsMatch(t, declared, listed)
}

func TestTypeName(t *testing.T) {
	assert.Equal(t, "linkWritten", typeName(LinkWritten{}))
	assert.Equal(t, "state", typeName(&State{}))
}

// generate returns the text of protocol.gen.ts and of catalog.gen.ts.
func generate(t *testing.T) (protocol, catalog string) {
	g := generator{t: t, sources: map[string]*source{}, files: map[string]string{}}

	g.begin("protocol.gen", "wasm/protocol.go")
	g.reach(reflect.TypeFor[Request]())
	var union []string
	for _, m := range messages {
		g.reach(reflect.TypeOf(m))
		union = append(union, reflect.TypeOf(m).Name())
	}
	g.printf("/** What a worker says; its type tells which message it is. */\n")
	g.printf("export type Message =\n  | %s;\n\n", strings.Join(union, "\n  | "))
	g.drain()
	g.constants(g.source(reflect.TypeFor[Request]()))
	protocol = g.text()

	g.begin("catalog.gen", "mmpo's and datasets' tables")
	g.reach(reflect.TypeFor[Catalog]())
	g.drain()
	var values bytes.Buffer
	e := json.NewEncoder(&values)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(newCatalog()))
	g.printf("export const catalog: Catalog = %s;\n", literal(t, values.String()))
	return protocol, g.text()
}

// generator writes TypeScript declarations of Go types, each once, in the order in which they are reached.
type generator struct {
	t       *testing.T
	sources map[string]*source // by package path
	files   map[string]string  // where each type is declared, by its name and package
	file    string
	from    string
	imports []string
	queue   []reflect.Type
	out     strings.Builder
}

// begin starts the next file.
func (g *generator) begin(file, from string) {
	g.file, g.from, g.imports = file, from, nil
	g.out.Reset()
}

// text returns the file that was begun.
func (g *generator) text() string {
	head := "// Written from " + g.from + " by `go test ./wasm -run TestTypeScript -update`; changes are made there.\n\n"
	if len(g.imports) > 0 {
		slices.Sort(g.imports)
		head += "import type { " + strings.Join(g.imports, ", ") + " } from './protocol.gen';\n\n"
	}
	return head + strings.TrimRight(g.out.String(), "\n") + "\n"
}

func (g *generator) printf(format string, args ...any) { fmt.Fprintf(&g.out, format, args...) }

// reach declares t next, unless it has been declared: in an earlier file, it is imported from there.
func (g *generator) reach(t reflect.Type) {
	key := t.PkgPath() + "." + t.Name()
	switch file, ok := g.files[key]; {
	case !ok:
		for other := range g.files {
			require.False(g.t, strings.HasSuffix(other, "."+t.Name()), "%s and %s would have one name", key, other)
		}
		g.files[key] = g.file
		g.queue = append(g.queue, t)
	case file != g.file && !slices.Contains(g.imports, t.Name()):
		g.imports = append(g.imports, t.Name())
	}
}

// drain writes what was reached, and what that reaches.
func (g *generator) drain() {
	for len(g.queue) > 0 {
		t := g.queue[0]
		g.queue = g.queue[1:]
		if t.Kind() == reflect.String {
			g.union(t)
		} else {
			g.object(t)
		}
	}
}

// union writes a string type with the constants that are declared of it.
func (g *generator) union(t reflect.Type) {
	src := g.source(t)
	values := src.values[t.Name()]
	require.NotEmpty(g.t, values, "%s has no constants", t)
	texts, noted := make([]string, len(values)), false
	for i, v := range values {
		texts[i], noted = quote(v.text), noted || v.note != ""
	}
	g.printf("%sexport type %s =", comment("", src.docs[t.Name()]), t.Name())
	if !noted {
		g.printf(" %s;\n\n", strings.Join(texts, " | "))
		return
	}
	texts[len(texts)-1] += ";"
	for i, v := range values {
		g.printf("\n  | %s%s", texts[i], trailing(v.note))
	}
	g.printf("\n\n")
}

// object writes a struct as encoding/json writes it.
func (g *generator) object(t reflect.Type) {
	require.Equal(g.t, reflect.Struct, t.Kind(), "%s", t)
	src := g.source(t)
	g.printf("%sexport interface %s%s {\n", comment("", src.docs[t.Name()]), t.Name(), g.extends(t))
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			continue
		}
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		require.NotEmpty(g.t, name, "%s.%s has no name in JSON", t, f.Name)
		note, kind := src.notes[t.Name()+"."+f.Name], ""
		if f.Name == "Type" && f.Type.PkgPath() == "" {
			note, kind = "", quote(typeName(reflect.Zero(t).Interface()))
		} else {
			kind = g.kind(f.Type, option == "omitempty")
		}
		if option == "omitempty" {
			name += "?"
		}
		g.printf("%s  %s: %s;%s\n", comment("  ", src.docs[t.Name()+"."+f.Name]), name, kind, trailing(note))
	}
	g.printf("}\n\n")
}

// extends names the structs that t embeds, whose fields its JSON has, too.
func (g *generator) extends(t reflect.Type) string {
	var names []string
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			names = append(names, g.kind(f.Type, false))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " extends " + strings.Join(names, ", ")
}

// kind returns the TypeScript type of t's JSON. Slices are never null: a message says [] where it has nothing.
func (g *generator) kind(t reflect.Type, optional bool) string {
	switch k := t.Kind(); {
	case k == reflect.Struct || k == reflect.String && t.PkgPath() != "":
		g.reach(t)
		return t.Name()
	case k == reflect.String:
		return "string"
	case k == reflect.Bool:
		return "boolean"
	case k >= reflect.Int && k <= reflect.Float64:
		return "number"
	case k == reflect.Pointer && optional:
		return g.kind(t.Elem(), false)
	case k == reflect.Pointer:
		return g.kind(t.Elem(), false) + " | null"
	case k == reflect.Slice:
		element := g.kind(t.Elem(), false)
		if strings.Contains(element, " ") {
			element = "(" + element + ")"
		}
		return element + "[]"
	case k == reflect.Map && t.Key().Kind() == reflect.String:
		return "{ [id: string]: " + g.kind(t.Elem(), false) + " }"
	}
	g.t.Fatalf("%s has no TypeScript type", t)
	return ""
}

// constants writes the numbers that the protocol names.
func (g *generator) constants(src *source) {
	for _, group := range src.numbers {
		g.printf("%s", comment("", group.doc))
		for _, v := range group.values {
			g.printf("export const %s = %s;%s\n", v.name, v.text, trailing(v.note))
		}
	}
}

// source is what reflection does not see of a package: comments, and the constants of its types.
type source struct {
	docs    map[string]string // comments above "Type" and "Type.Field"
	notes   map[string]string // comments beside "Type.Field"
	structs map[string]*ast.StructType
	values  map[string][]constant // by type
	numbers []group               // untyped
}

type constant struct{ name, text, note string }

type group struct {
	doc    string
	values []constant
}

// source returns the source of t's package, which is a folder beside this one.
func (g *generator) source(t reflect.Type) *source {
	pkg := t.PkgPath()
	if g.sources[pkg] == nil {
		paths, err := filepath.Glob(filepath.Join("..", filepath.Base(pkg), "*.go"))
		require.NoError(g.t, err)
		var files []*ast.File
		for _, path := range paths {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			require.NoError(g.t, err)
			files = append(files, file)
		}
		g.sources[pkg] = newSource(files...)
	}
	return g.sources[pkg]
}

func newSource(files ...*ast.File) *source {
	s := &source{
		docs: map[string]string{}, notes: map[string]string{}, structs: map[string]*ast.StructType{}, values: map[string][]constant{},
	}
	for _, file := range files {
		for _, d := range file.Decls {
			if decl, ok := d.(*ast.GenDecl); ok {
				s.add(decl)
			}
		}
	}
	return s
}

func (s *source) add(decl *ast.GenDecl) {
	numbers := group{doc: decl.Doc.Text()}
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.docs[spec.Name.Name] = decl.Doc.Text() + spec.Doc.Text()
			if fields, ok := spec.Type.(*ast.StructType); ok {
				s.addFields(spec.Name.Name, fields)
			}
		case *ast.ValueSpec:
			value, ok := constantOf(decl, spec)
			if id, typed := spec.Type.(*ast.Ident); ok && typed {
				s.values[id.Name] = append(s.values[id.Name], value)
			} else if ok {
				numbers.values = append(numbers.values, value)
			}
		}
	}
	if len(numbers.values) > 0 {
		s.numbers = append(s.numbers, numbers)
	}
}

func (s *source) addFields(name string, fields *ast.StructType) {
	s.structs[name] = fields
	for _, f := range fields.Fields.List {
		for _, n := range f.Names {
			s.docs[name+"."+n.Name] = f.Doc.Text()
			s.notes[name+"."+n.Name] = strings.TrimSpace(f.Comment.Text())
		}
	}
}

// constantOf returns an exported constant that is declared with its own literal.
func constantOf(decl *ast.GenDecl, spec *ast.ValueSpec) (constant, bool) {
	if decl.Tok != token.CONST || len(spec.Names) != 1 || len(spec.Values) != 1 || !spec.Names[0].IsExported() {
		return constant{}, false
	}
	lit, ok := spec.Values[0].(*ast.BasicLit)
	if !ok {
		return constant{}, false
	}
	return constant{name: spec.Names[0].Name, text: strings.Trim(lit.Value, `"`), note: spec.Comment.Text()}, true
}

// fieldType returns the name of a field's type as it is written, "" where it has none.
func fieldType(fields *ast.StructType, name string) string {
	for _, f := range fields.Fields.List {
		for _, n := range f.Names {
			if id, ok := f.Type.(*ast.Ident); ok && n.Name == name {
				return id.Name
			}
		}
	}
	return ""
}

// comment writes a Go comment above a declaration as TypeScript's tools expect it.
func comment(indent, doc string) string {
	doc = strings.ReplaceAll(strings.TrimSpace(doc), "*/", "*\\/")
	switch {
	case doc == "":
		return ""
	case !strings.Contains(doc, "\n"):
		return indent + "/** " + doc + " */\n"
	}
	lines := strings.Split(doc, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(indent+" * "+line, " ")
	}
	return indent + "/**\n" + strings.Join(lines, "\n") + "\n" + indent + " */\n"
}

// trailing writes a comment beside a declaration.
func trailing(note string) string {
	if note = strings.TrimSpace(note); note == "" {
		return ""
	}
	return " // " + strings.ReplaceAll(note, "\n", " ")
}
