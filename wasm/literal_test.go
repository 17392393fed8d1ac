package main

import (
	"encoding/json"
	"fmt"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lineWidth is the longest line that an object or a list is written on.
const lineWidth = 140

// literal writes JSON as TypeScript, in the order of its keys, with one line for what fits on one.
func literal(t *testing.T, text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return readNode(t, d).write("", 0)
}

// node is a JSON value: a scalar's TypeScript, or what an object or a list holds.
type node struct {
	scalar string
	open   string // "{" or "[" of what is not a scalar
	keys   []string
	nodes  []node
}

func readNode(t *testing.T, d *json.Decoder) node {
	tok, err := d.Token()
	require.NoError(t, err)
	switch v := tok.(type) {
	case string:
		return node{scalar: quote(v)}
	case nil:
		return node{scalar: "null"}
	case json.Delim:
		n := node{open: v.String()}
		for d.More() {
			if v == '{' {
				n.keys = append(n.keys, key(readNode(t, d).scalar))
			}
			n.nodes = append(n.nodes, readNode(t, d))
		}
		_, err := d.Token() // the closing delimiter
		require.NoError(t, err)
		return n
	}
	return node{scalar: fmt.Sprint(tok)}
}

// write returns the node's TypeScript; before is how much of the first line is taken.
func (n node) write(indent string, before int) string {
	if n.open == "" {
		return n.scalar
	}
	if line := n.line(); len(indent)+before+len(line) < lineWidth {
		return line
	}
	closing := map[string]string{"{": "}", "[": "]"}[n.open]
	text := n.open + "\n"
	for i, child := range n.nodes {
		text += indent + "  " + n.prefix(i) + child.write(indent+"  ", len(n.prefix(i))) + ",\n"
	}
	return text + indent + closing
}

// line writes the node on one line.
func (n node) line() string {
	if n.open == "" {
		return n.scalar
	}
	items := make([]string, len(n.nodes))
	for i, child := range n.nodes {
		items[i] = n.prefix(i) + child.line()
	}
	switch list := strings.Join(items, ", "); {
	case n.open == "[":
		return "[" + list + "]"
	case list == "":
		return "{}"
	default:
		return "{ " + list + " }"
	}
}

// prefix returns what stands before the i-th child.
func (n node) prefix(i int) string {
	if n.open == "[" {
		return ""
	}
	return n.keys[i] + ": "
}

// key drops the quotes of a key that needs none.
func key(quoted string) string {
	if name := strings.Trim(quoted, "'"); token.IsIdentifier(name) || token.IsKeyword(name) {
		return name
	}
	return quoted
}

// quote writes a string in single quotes, or in double quotes where that saves escapes.
func quote(text string) string {
	q := "'"
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		q = `"`
	}
	escaped := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, q, `\`+q).Replace(text)
	return q + escaped + q
}

func TestLiteral(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`"a"`, `'a'`},
		{`"the rater's"`, `"the rater's"`},
		{`"it's \"so\""`, `'it\'s "so"'`},
		{`"\\sigma\n"`, `'\\sigma\n'`},
		{`{"a": [1, 0.5, null], "b-c": {}, "d": []}`, `{ a: [1, 0.5, null], 'b-c': {}, d: [] }`},
		{`["` + strings.Repeat("x", 150) + `"]`, "[\n  '" + strings.Repeat("x", 150) + "',\n]"},
	} {
		t.Run(c.json[:min(len(c.json), 20)], func(t *testing.T) {
			require.Equal(t, c.want, literal(t, c.json))
		})
	}
}
