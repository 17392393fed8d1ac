// Command wasm is the program of the page's workers: it answers the requests of protocol.go with the engine.
//
// Session and player are plain Go and are tested natively; glue_js.go connects them to a worker's messages (worker.mjs).
package main

func main() { serve() }
