package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
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

// keys returns what the flags choose, as a link's keys, with the link last: of a key that stands twice the first counts.
func (s *settings) keys() []string {
	var keys []string
	for _, p := range mmpo.Params {
		if text := s.flag(p.ID); text != "" {
			keys = append(keys, p.ID+"="+text)
		}
	}
	keys = append(keys, s.Set...)
	_, fragment, ok := strings.Cut(s.Link, "#")
	if !ok {
		fragment = s.Link
	}
	if fragment != "" {
		keys = append(keys, fragment)
	}
	return keys
}

// flag returns the text of a parameter's flag, "" if it was not given.
func (s *settings) flag(param string) string {
	i := slices.IndexFunc(mmpo.Params, func(p mmpo.Param) bool { return p.ID == param })
	return reflect.ValueOf(s.Plugins[0]).Elem().Field(i).String()
}

// comparison returns what the flags choose. Notices go to standard error.
func (s *settings) comparison() (mmpo.Comparison, error) {
	c, notices, err := mmpo.ParseLink(strings.Join(s.keys(), "&"))
	for _, n := range notices {
		fmt.Fprintln(os.Stderr, n)
	}
	if err == nil && (c.A.World != c.B.World || c.A.Model != c.B.Model) {
		err = errors.New("both sides must have the same world and model size, since they start from one reference")
	}
	return c, err
}
