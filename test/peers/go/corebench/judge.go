package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"os"

	corex509 "github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// judgement is one line of the answer: the reason is empty where the reference accepts.
type judgement struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

type envelopeQuestion struct {
	Name      string `json:"name"`
	Envelope  []byte `json:"envelope"`
	MediaType string `json:"mediaType"`
	// DER by type of trust store.
	TrustAnchors map[truststore.Type][][]byte `json:"trustAnchors"`
	Artifact     struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int64  `json:"size"`
	} `json:"artifact"`
}

type chainQuestion struct {
	Name  string   `json:"name"`
	Chain [][]byte `json:"chain"`
}

// memoryStore has one store of each type.
type memoryStore map[truststore.Type][]*x509.Certificate

func (store memoryStore) GetCertificates(_ context.Context, of truststore.Type, _ string) ([]*x509.Certificate, error) {
	return store[of], nil
}

// judge asks notation-go's verifier about each envelope: everything it does at the level strict but revocation, which
// would ask others.
func judge() {
	eachLine(func(line []byte) judgement {
		var q envelopeQuestion
		if err := json.Unmarshal(line, &q); err != nil {
			fail("input line: " + err.Error())
		}
		return judgement{Name: q.Name, Error: text(judgeEnvelope(q))}
	})
}

func judgeEnvelope(q envelopeQuestion) error {
	anchors := memoryStore{}
	for of, encoded := range q.TrustAnchors {
		for _, der := range encoded {
			anchor, err := x509.ParseCertificate(der)
			if err != nil {
				fail(q.Name + ": trust anchor: " + err.Error())
			}
			anchors[of] = append(anchors[of], anchor)
		}
	}
	policy := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{{
		Name:           "judge",
		RegistryScopes: []string{"*"},
		SignatureVerification: trustpolicy.SignatureVerification{
			VerificationLevel: "strict",
			Override: map[trustpolicy.ValidationType]trustpolicy.ValidationAction{
				trustpolicy.TypeRevocation: trustpolicy.ActionSkip,
			},
		},
		TrustStores:       []string{"ca:judge", "signingAuthority:judge"},
		TrustedIdentities: []string{"*"},
	}}}
	reference, err := verifier.New(&policy, anchors, nil)
	if err != nil {
		fail(err.Error())
	}
	artifact := ocispec.Descriptor{
		MediaType: q.Artifact.MediaType, Digest: digest.Digest(q.Artifact.Digest), Size: q.Artifact.Size,
	}
	_, err = reference.Verify(context.Background(), artifact, q.Envelope, notation.VerifierVerifyOptions{
		ArtifactReference: "registry.example/judge@" + q.Artifact.Digest, SignatureMediaType: q.MediaType,
	})
	return err
}

// chains asks notation-core-go whether each chain meets the requirements for code signing.
func chains() {
	eachLine(func(line []byte) judgement {
		var q chainQuestion
		if err := json.Unmarshal(line, &q); err != nil {
			fail("input line: " + err.Error())
		}
		return judgement{Name: q.Name, Error: text(judgeChain(q.Chain))}
	})
}

func judgeChain(chain [][]byte) error {
	var certificates []*x509.Certificate
	for _, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		certificates = append(certificates, certificate)
	}
	return corex509.ValidateCodeSigningCertChain(certificates, nil)
}

func eachLine(answer func(line []byte) judgement) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		if err := out.Encode(answer(lines.Bytes())); err != nil {
			fail(err.Error())
		}
	}
	if err := lines.Err(); err != nil {
		fail(err.Error())
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
