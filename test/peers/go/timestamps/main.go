// Command timestamps asks the reference implementation's timestamp libraries about tokens.
//
// It reads one JSON object per line, {"name", "token", "message", "roots"}: base64 of a TimeStampToken, of what is said to
// be timestamped, and of the DER of each trusted root. It answers each with one line, {"name", "trusted", "range",
// "error"}: the sentence of notation-go for the first step that fails, in the order notation-go takes them.
package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"time"

	corex509 "github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/tspclient-go"
)

type question struct {
	Name    string   `json:"name"`
	Token   []byte   `json:"token"`
	Message []byte   `json:"message"`
	Roots   [][]byte `json:"roots"`
}

type answer struct {
	Name    string `json:"name"`
	Trusted bool   `json:"trusted"`
	Range   string `json:"range"`
	Error   string `json:"error"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<22)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, "input line: "+err.Error())
			os.Exit(2)
		}
		when, err := judge(q)
		a := answer{Name: q.Name, Trusted: err == nil, Range: when}
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			os.Exit(2)
		}
	}
}

func judge(q question) (string, error) {
	token, err := tspclient.ParseSignedToken(q.Token)
	if err != nil {
		return "", fmt.Errorf("failed to parse timestamp countersignature with error: %w", err)
	}
	info, err := token.Info()
	if err != nil {
		return "", fmt.Errorf("failed to get the timestamp TSTInfo with error: %w", err)
	}
	timestamp, err := info.Validate(q.Message)
	if err != nil {
		return "", fmt.Errorf("failed to get timestamp from timestamp countersignature with error: %w", err)
	}
	when := timestamp.Format(time.RFC3339Nano)
	roots := x509.NewCertPool()
	for _, der := range q.Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return when, err
		}
		roots.AddCert(root)
	}
	chain, err := token.Verify(context.Background(), x509.VerifyOptions{CurrentTime: timestamp.Value, Roots: roots})
	if err != nil {
		return when, fmt.Errorf("failed to verify the timestamp countersignature with error: %w", err)
	}
	if err := corex509.ValidateTimestampingCertChain(chain); err != nil {
		return when, fmt.Errorf("failed to validate the timestamping certificate chain with error: %w", err)
	}
	return when, nil
}
