// Command corebench asks notation-core-go, the reference implementation's envelope library, about signature envelopes.
//
//	corebench verify   reads one JSON object per line, {"name", "file", "mediaType"}, and answers each with one line:
//	                   {"name", "verdict": "verified" | "failed", "stage": "parse" | "verify" | "", "error"}
//	corebench judge    reads {"name", "envelope", "mediaType", "trustAnchors", "artifact"}, bytes as base64, and answers
//	                   what notation-go's verifier makes of it: {"name", "error"}, the error empty where it accepts
//	corebench chain    reads {"name", "chain"}, certificates as base64, and answers as judge does
//	corebench bench    -file F -media-type M [-seconds N] [-workers N]: parses and verifies one envelope again and
//	                   again in parallel; prints {"operations", "seconds", "operationsPerSecond", "workers"}
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
)

type question struct {
	Name      string `json:"name"`
	File      string `json:"file"`
	MediaType string `json:"mediaType"`
}

type answer struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Stage   string `json:"stage"`
	Error   string `json:"error"`
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: corebench verify|judge|chain|bench")
	}
	switch os.Args[1] {
	case "verify":
		verify()
	case "judge":
		judge()
	case "chain":
		chains()
	case "bench":
		bench(os.Args[2:])
	default:
		fail("usage: corebench verify|judge|chain|bench")
	}
}

func verify() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fail("input line: " + err.Error())
		}
		envelope, err := os.ReadFile(q.File)
		if err != nil {
			fail(err.Error())
		}
		reply := answer{Name: q.Name, Verdict: "verified"}
		if stage, err := verifyOnce(q.MediaType, envelope); err != nil {
			reply = answer{Name: q.Name, Verdict: "failed", Stage: stage, Error: err.Error()}
		}
		if err := out.Encode(reply); err != nil {
			fail(err.Error())
		}
	}
	if err := lines.Err(); err != nil {
		fail(err.Error())
	}
}

// verifyOnce is parsing and the integrity check: the reference's share of what a verifier does per signature.
func verifyOnce(mediaType string, envelope []byte) (stage string, err error) {
	parsed, err := signature.ParseEnvelope(mediaType, envelope)
	if err != nil {
		return "parse", err
	}
	_, err = parsed.Verify()
	return "verify", err
}

func bench(args []string) {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	file := flags.String("file", "", "envelope file")
	mediaType := flags.String("media-type", "application/jose+json", "media type of the envelope")
	seconds := flags.Float64("seconds", 2, "how long to run")
	workers := flags.Int("workers", 2, "goroutines")
	if err := flags.Parse(args); err != nil {
		fail(err.Error())
	}
	envelope, err := os.ReadFile(*file)
	if err != nil {
		fail(err.Error())
	}
	if _, err := verifyOnce(*mediaType, envelope); err != nil {
		fail(err.Error())
	}

	counts := make([]int, *workers)
	begin := time.Now()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	var running sync.WaitGroup
	for worker := range counts {
		running.Add(1)
		go func() {
			defer running.Done()
			for time.Now().Before(end) {
				if _, err := verifyOnce(*mediaType, envelope); err != nil {
					fail(err.Error())
				}
				counts[worker]++
			}
		}()
	}
	running.Wait()

	elapsed := time.Since(begin).Seconds()
	operations := 0
	for _, count := range counts {
		operations += count
	}
	result := map[string]any{
		"operations": operations, "seconds": elapsed, "operationsPerSecond": float64(operations) / elapsed, "workers": *workers,
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "corebench: "+message)
	os.Exit(1)
}
