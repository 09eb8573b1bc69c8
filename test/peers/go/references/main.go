// Reads image texts with the libraries the tools read them with: one JSON object a line, for each text on standard input.
package main

import (
	"bufio"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
	"oras.land/oras-go/v2/registry"
)

type parts struct {
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	Tag        string `json:"tag,omitempty"`
	Digest     string `json:"digest,omitempty"`
}

type answer struct {
	Input  string `json:"input"`
	Docker *parts `json:"docker"`
	Oras   *parts `json:"oras"`
}

// docker reads a text as `docker pull` does.
func docker(text string) *parts {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return nil
	}
	found := &parts{Registry: reference.Domain(named), Repository: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		found.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		found.Digest = digested.Digest().String()
	}
	return found
}

// oras reads a text as oras and notation do: the first element is always the registry, and a digest hides the tag.
func oras(text string) *parts {
	found, err := registry.ParseReference(text)
	if err != nil {
		return nil
	}
	read := &parts{Registry: found.Registry, Repository: found.Repository}
	if digest, err := found.Digest(); err == nil {
		read.Digest = digest.String()
	} else {
		read.Tag = found.Reference
	}
	return read
}

func main() {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	var texts []string
	if err := input.Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, text := range texts {
		if err := output.Encode(answer{text, docker(text), oras(text)}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
