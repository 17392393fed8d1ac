//go:build !js

package main

import (
	"fmt"
	"os"
)

// serve says where this program belongs. The session's tests run without it.
func serve() {
	fmt.Fprintln(os.Stderr, "This program runs in a browser's worker: build it with GOOS=js GOARCH=wasm.")
	os.Exit(2)
}
