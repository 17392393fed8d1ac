package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"margins/mmpo"
)

// settings are the flags that choose a comparison: one for each parameter of mmpo.Params, for both sides, and --set for one side. They
// are put into a link and read like one.
type settings struct {
	kong.Plugins
	Link string   `help:"Link (or its part after #) to start from." placeholder:"LINK"`
	Set  []string `help:"A setting as links write it: a.beta=1, b.objective=cdpo." placeholder:"KEY=VALUE"`
}

// withFlags fills in the flags of the parameters.
func withFlags() settings {
	var fields []reflect.StructField
	for _, p := range mmpo.Params {
		name := strings.ToUpper(p.ID[:1]) + p.ID[1:]
		tag := fmt.Sprintf(`name:%q help:%q placeholder:%q`, p.ID, p.Help, p.Default)
		fields = append(fields, reflect.StructField{Name: name, Type: reflect.TypeFor[string](), Tag: reflect.StructTag(tag)})
	}
	return settings{Plugins: kong.Plugins{reflect.New(reflect.StructOf(fields)).Interface()}}
}

// given tells whether any of the flags was set.
func (s *settings) given() bool {
	chosen := reflect.ValueOf(s.Plugins[0]).Elem()
	return s.Link != "" || len(s.Set) > 0 || !chosen.IsZero()
}

// comparison returns what the flags choose. Notices go to standard error.
func (s *settings) comparison() (mmpo.Comparison, error) {
	_, fragment, ok := strings.Cut(s.Link, "#")
	if !ok {
		fragment = s.Link
	}
	var keys []string // before the link's: of a key that stands twice the first counts
	chosen := reflect.ValueOf(s.Plugins[0]).Elem()
	for i, p := range mmpo.Params {
		if text := chosen.Field(i).String(); text != "" {
			keys = append(keys, p.ID+"="+text)
		}
	}
	keys = append(append(keys, s.Set...), fragment)
	c, notices, err := mmpo.ParseLink(strings.Join(keys, "&"))
	for _, n := range notices {
		fmt.Fprintln(os.Stderr, n)
	}
	if err == nil && (c.A.World != c.B.World || c.A.Model != c.B.Model) {
		err = errors.New("both sides must have the same world and model size, since they start from one reference")
	}
	return c, err
}
