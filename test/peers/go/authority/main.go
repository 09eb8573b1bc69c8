// Command authority makes signatures of the signing scheme notary.x509.signingAuthority, which no tool of the Notary
// Project makes: notation-core-go, the reference implementation's envelope library, signs them; what it would not sign
// is changed afterwards.
//
//	authority FOLDER   reads the descriptor of what is signed, {"mediaType", "digest", "size"}; writes an envelope of
//	                   each case and format and the root of each into FOLDER, and prints one JSON object per envelope:
//	                   {"name", "about", "file", "mediaType", "root", "signedAt", "by": "core" | "changed"}
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
)

type row struct {
	Name      string `json:"name"`
	About     string `json:"about"`
	File      string `json:"file"`
	MediaType string `json:"mediaType"`
	Root      string `json:"root"`
	SignedAt  string `json:"signedAt"`
	By        string `json:"by"`
}

type format struct{ name, mediaType string }

var formats = []format{{"jws", "application/jose+json"}, {"cose", "application/cose"}}

func main() {
	if len(os.Args) != 2 {
		fail("usage: authority FOLDER")
	}
	var target json.RawMessage
	must(json.NewDecoder(os.Stdin).Decode(&target))
	payload, err := json.Marshal(map[string]json.RawMessage{"targetArtifact": target})
	must(err)
	out := json.NewEncoder(os.Stdout)
	for _, c := range cases() {
		by := newAuthority(c.kind)
		shown := by.chain(c.leaf, c.root)
		root := c.name + "-root.crt.pem"
		write(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: shown[1].Raw}))
		for _, f := range formats {
			must(out.Encode(envelopeOf(c, f, by, shown, payload, root)))
		}
	}
}

func envelopeOf(
	c testCase, f format, by authority, shown []*x509.Certificate, payload []byte, root string,
) row {
	// The reference signs with nothing that was not valid then: such certificates are put in its place.
	chain, signedBy := shown, "core"
	if !holds(c.leaf, c.signedAt) || !holds(c.root, c.signedAt) {
		chain, signedBy = by.chain(always, always), "changed"
	}
	made := sign(f.mediaType, payload, chain, c, by.leaf)
	if c.change != nil || c.stamp != nil {
		signedBy = "changed"
	}
	if signedBy == "changed" && f.name == "jws" {
		made = changeJws(made, shown, c, by.leaf)
	} else if signedBy == "changed" {
		made = changeCose(made, shown, c, by.leaf)
	}
	file := c.name + "." + f.name
	write(file, made)
	return row{
		Name: c.name + "-" + f.name, About: c.about, File: file, MediaType: f.mediaType, Root: root,
		SignedAt: c.signedAt.Format(time.RFC3339), By: signedBy,
	}
}

func holds(valid period, at time.Time) bool {
	return !at.Before(valid.from) && !at.After(valid.to)
}

func write(name string, bytes []byte) {
	must(os.WriteFile(filepath.Join(os.Args[1], name), bytes, 0o644))
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "authority: "+message)
	os.Exit(1)
}
