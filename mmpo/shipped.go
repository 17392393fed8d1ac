package mmpo

import (
	_ "embed"
	"encoding/json"
)

// ShippedReference is a fitted reference that comes with the program, so that Play starts at once.
type ShippedReference struct {
	World       string  `json:"world"`
	Model       Model   `json:"model"`
	File        string  `json:"file"`        // name in mmpo/references and beside the page
	Fingerprint string  `json:"fingerprint"` // SHA-256 of its weights
	Loss        float64 `json:"loss"`        // nats a token on texts of held-out prompts
}

//go:embed references/references.json
var shippedJSON []byte

// Shipped lists the references that come with the program. `margins references` writes them and the list.
var Shipped = func() (list []ShippedReference) {
	if err := json.Unmarshal(shippedJSON, &list); err != nil {
		panic("mmpo: references.json: " + err.Error())
	}
	return list
}()

// FindShipped returns the shipped reference of e's world and model size.
func FindShipped(e Experiment) (ShippedReference, bool) {
	for _, s := range Shipped {
		if s.World == e.World && s.Model == e.Model {
			return s, true
		}
	}
	return ShippedReference{}, false
}
