// SPDX-License-Identifier: Apache-2.0
// A self-signed certificate and its key in a temporary folder, for the tests of TLS.
#ifndef KDB_TESTS_UNIT_NET_IDENTITY_H
#define KDB_TESTS_UNIT_NET_IDENTITY_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/test.h"

struct identity {
    char folder[64];
    char certificate[96];
    char key[96];
};

static inline void make_identity(struct identity *identity)
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
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                                     -1, -1, 0);
    (void)X509_set_issuer_name(certificate, name);
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

static inline void remove_identity(const struct identity *identity)
{
    (void)unlink(identity->certificate);
    (void)unlink(identity->key);
    (void)rmdir(identity->folder);
}

#endif
