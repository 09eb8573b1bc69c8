package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// period is what a certificate is valid for, both ends included.
type period struct{ from, to time.Time }

// always is longer than any test.
var always = period{date(2000, 1, 1), date(2149, 12, 31)}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// authority holds the keys of a leaf and of the root above it; its certificates are made as often as they are needed.
type authority struct {
	kind       string
	leaf, root crypto.Signer
}

func newAuthority(kind string) authority {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return authority{kind: kind, leaf: newKey(kind), root: root}
}

func newKey(kind string) crypto.Signer {
	curves := map[string]elliptic.Curve{"p-256": elliptic.P256(), "p-384": elliptic.P384(), "p-521": elliptic.P521()}
	if curve, ok := curves[kind]; ok {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(err)
		return key
	}
	bits := map[string]int{"rsa-2048": 2048, "rsa-3072": 3072, "rsa-4096": 4096}[kind]
	key, err := rsa.GenerateKey(rand.Reader, bits)
	must(err)
	return key
}

// chain makes the leaf and the root, valid as told.
func (a authority) chain(leaf, root period) []*x509.Certificate {
	issuer := template("authority "+a.kind+" root", root)
	issuer.IsCA, issuer.KeyUsage = true, x509.KeyUsageCertSign
	signer := template("authority "+a.kind, leaf)
	signer.KeyUsage = x509.KeyUsageDigitalSignature
	signer.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	return []*x509.Certificate{
		issue(signer, issuer, a.leaf.Public(), a.root),
		issue(issuer, issuer, a.root.Public(), a.root),
	}
}

func template(name string, valid period) *x509.Certificate {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(err)
	return &x509.Certificate{
		SerialNumber: number.Add(number, big.NewInt(1)),
		Subject: pkix.Name{
			Country: []string{"US"}, Province: []string{"WA"}, Organization: []string{"Notary"}, CommonName: name,
		},
		NotBefore:             valid.from,
		NotAfter:              valid.to,
		BasicConstraintsValid: true,
	}
}

func issue(certificate, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, public, signer)
	must(err)
	made, err := x509.ParseCertificate(der)
	must(err)
	return made
}
