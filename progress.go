package main

import (
	"fmt"
	"os"
	"strings"
)

// progress rewrites one line of the terminal; where standard error is no terminal it prints nothing.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
	}
}

// bar draws how much of a whole is done, in as many characters whatever that is.
func bar(done, of int) string {
	const width = 20
	full := width * min(done, of) / max(1, of)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}
