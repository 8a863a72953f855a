// SPDX-License-Identifier: Apache-2.0
// A self-signed certificate and its key in a temporary folder, for the tests of TLS.
#ifndef KDB_TESTS_LIB_IDENTITY_H
#define KDB_TESTS_LIB_IDENTITY_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/test.h"

struct identity {
    char folder[64];
    char certificate[96];
    char key[96];
};

// `hosts` is a subjectAltName ("DNS:localhost,IP:127.0.0.1"), NULL: there is none; the certificate
// is valid from a day ago until `seconds` from now, which may be negative.
static inline void make_identity_for(struct identity *identity, const char *hosts, long seconds)
{
    (void)snprintf(identity->folder, sizeof(identity->folder), "/tmp/kdb_tls_XXXXXX");
    assert_non_null(mkdtemp(identity->folder));
    (void)snprintf(identity->certificate, sizeof(identity->certificate), "%s/cert.pem",
                   identity->folder);
    (void)snprintf(identity->key, sizeof(identity->key), "%s/key.pem", identity->folder);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_true(key != NULL && certificate != NULL);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    (void)X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                                     -1, -1, 0);
    (void)X509_set_issuer_name(certificate, name);
    if (hosts) {
        X509V3_CTX context = {0};
        X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, hosts);
        assert_int_equal(X509_add_ext(certificate, names, -1), 1);
        X509_EXTENSION_free(names);
    }
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(identity->certificate, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(identity->key, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

// For a test of the server, whose clients do not look at it.
static inline void make_identity(struct identity *identity)
{
    make_identity_for(identity, NULL, 3600);
}

static inline void remove_identity(const struct identity *identity)
{
    (void)unlink(identity->certificate);
    (void)unlink(identity->key);
    (void)rmdir(identity->folder);
}

#endif
