package zktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TLS is a small certificate authority with a server's and a client's certificate, as PEM files.
type TLS struct {
	CA, ClientCert, ClientKey string // paths
	server                    string // path: certificate and key together, as ZooKeeper's PEM key store wants them
}

// NewTLS makes the files in a folder of the test's.
func NewTLS(t testing.TB) *TLS {
	t.Helper()
	dir := t.TempDir()
	file := func(name string, parts ...[]byte) string {
		path := filepath.Join(dir, name)
		var data []byte
		for _, p := range parts {
			data = append(data, p...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca, caKey, caPEM, _ := certificate(t, "zktest CA", nil, nil)
	_, _, serverPEM, serverKey := certificate(t, "localhost", ca, caKey)
	_, _, clientPEM, clientKey := certificate(t, "client.example", ca, caKey)
	return &TLS{
		CA:         file("ca.pem", caPEM),
		ClientCert: file("client.pem", clientPEM),
		ClientKey:  file("client-key.pem", clientKey),
		server:     file("server.pem", serverPEM, serverKey),
	}
}

func (c *TLS) conf(port int) string {
	return fmt.Sprintf("serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n"+
		"secureClientPort=%d\nsecureClientPortAddress=127.0.0.1\nssl.clientAuth=need\nssl.clientHostnameVerification=false\n"+
		"ssl.keyStore.location=%s\nssl.keyStore.type=PEM\nssl.trustStore.location=%s\nssl.trustStore.type=PEM\n", port, c.server, c.CA)
}

func certificate(t testing.TB, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, []byte, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		c.IsCA, c.KeyUsage, c.DNSNames, c.IPAddresses = true, x509.KeyUsageCertSign, nil, nil
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return c, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}
