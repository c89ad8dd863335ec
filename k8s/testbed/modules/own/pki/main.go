// Command pki makes the certificates of a testbed: a certificate authority, what it signs, and the key of service accounts.
//
// It reads {"folder", "certificates": [{"name", "commonName", "organizations", "hosts"}]} and writes folder/NAME.crt and
// NAME.key. What is there already is kept, so that clients outlive a restart.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type certificate struct {
	Name          string   `json:"name"`
	CommonName    string   `json:"commonName"`
	Organizations []string `json:"organizations"`
	Hosts         []string `json:"hosts"`
}

type order struct {
	Folder       string        `json:"folder"`
	Certificates []certificate `json:"certificates"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pki:", err)
		os.Exit(1)
	}
}

func run() error {
	var wanted order
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		return err
	}
	if err := os.MkdirAll(wanted.Folder, 0o700); err != nil {
		return err
	}
	path := func(name string) string { return filepath.Join(wanted.Folder, name) }
	authority, authorityKey, err := ensureAuthority(path)
	if err != nil {
		return err
	}
	if err := ensureServiceAccountKey(path); err != nil {
		return err
	}
	for _, one := range wanted.Certificates {
		if exists(path(one.Name + ".crt")) {
			continue
		}
		template := newTemplate(one.CommonName, one.Organizations)
		template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		for _, host := range one.Hosts {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			if ip := net.ParseIP(host); ip != nil {
				template.IPAddresses = append(template.IPAddresses, ip)
			} else {
				template.DNSNames = append(template.DNSNames, host)
			}
		}
		if _, _, err := issue(path(one.Name), template, authority, authorityKey); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return nil
}

func ensureAuthority(path func(string) string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	if exists(path("ca.crt")) {
		return load(path("ca"))
	}
	template := newTemplate("anneal-testbed", nil)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return issue(path("ca"), template, nil, nil)
}

func ensureServiceAccountKey(path func(string) string) error {
	if exists(path("sa.pub")) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := write(path("sa.key"), "EC PRIVATE KEY", private, 0o600); err != nil {
		return err
	}
	return write(path("sa.pub"), "PUBLIC KEY", public, 0o644)
}

func newTemplate(name string, organizations []string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: organizations},
		// An hour back: clocks of virtual machines jump.
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().AddDate(1, 0, 0),
	}
}

// issue signs with the parent, or with the certificate's own key when there is none. The certificate is written last.
func issue(
	path string, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey,
) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := write(path+".key", "EC PRIVATE KEY", private, 0o600); err != nil {
		return nil, nil, err
	}
	if err := write(path+".crt", "CERTIFICATE", signed, 0o644); err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParseCertificate(signed)
	return parsed, key, err
}

func load(path string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certificate, err := read(path + ".crt")
	if err != nil {
		return nil, nil, err
	}
	private, err := read(path + ".key")
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(private)
	return parsed, key, err
}

func read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM", path)
	}
	return block.Bytes, nil
}

func write(path, kind string, content []byte, mode os.FileMode) error {
	partial := path + ".partial"
	encoded := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	if err := os.WriteFile(partial, encoded, mode); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
