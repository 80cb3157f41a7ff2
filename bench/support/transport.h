// The bytes of a load generator's connections, as they are or over TLS. The program has TLS if it is
// compiled with -DWITH_TLS and linked with OpenSSL.
#pragma once
#include <errno.h>
#include <string.h>

#include "bench.h"

// A read gives at most so many bytes.
enum { kTransportBytes = 1 << 17 };

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

enum { kMaxSecureFd = 1 << 16 };

static SSL_CTX* tls_context;
static SSL* secure[kMaxSecureFd];

static inline void fail_tls(const char* what) {
  fprintf(stderr, "%s: ", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

// Has the connections opened from now on speak TLS. Certificates are not checked: there are no strangers on
// loopback.
static inline void use_tls(void) {
  tls_context = SSL_CTX_new(TLS_client_method());
  if (tls_context == NULL) fail_tls("SSL_CTX_new");
  SSL_CTX_set_min_proto_version(tls_context, TLS1_3_VERSION);
}

// Hands the socket's bytes to TLS, which never reads from it itself: so no call blocks that should not.
static inline ssize_t feed_tls(SSL* ssl, int fd, int flags) {
  static char raw[kTransportBytes / 2];
  const ssize_t length = recv(fd, raw, sizeof raw, flags);
  if (length > 0 && BIO_write(SSL_get_rbio(ssl), raw, (int)length) != length) fail_tls("BIO_write");
  return length;
}

// Makes the handshake on a connected, blocking socket.
static inline void transport_open(int fd) {
  if (tls_context == NULL) return;
  if (fd >= kMaxSecureFd) {
    errno = EMFILE;
    fail("TLS");
  }
  SSL* ssl = SSL_new(tls_context);
  if (ssl == NULL) fail_tls("SSL_new");
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new_socket(fd, BIO_NOCLOSE));
  BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
  SSL_set_connect_state(ssl);
  for (;;) {
    const int result = SSL_do_handshake(ssl);
    if (result == 1) break;
    if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ) fail_tls("SSL_do_handshake");
    const ssize_t length = feed_tls(ssl, fd, 0);
    if (length < 0) fail("recv in a handshake");
    if (length == 0) {
      fprintf(stderr, "the server closed a connection in its handshake\n");
      exit(1);
    }
  }
  secure[fd] = ssl;
}

static inline void transport_close(int fd) {
  if (tls_context == NULL) return;
  SSL_free(secure[fd]);
  secure[fd] = NULL;
}

static inline void transport_send(int fd, const char* data, size_t length) {
  if (tls_context == NULL)
    send_all(fd, data, length);
  else if (SSL_write(secure[fd], data, (int)length) != (int)length)
    fail_tls("SSL_write");
}

// As recv(2) with MSG_DONTWAIT. `into` has room for kTransportBytes.
static inline ssize_t transport_receive(int fd, char* into) {
  if (tls_context == NULL) return recv(fd, into, kTransportBytes, MSG_DONTWAIT);
  SSL* ssl = secure[fd];
  const ssize_t length = feed_tls(ssl, fd, MSG_DONTWAIT);
  if (length <= 0) return length;
  size_t total = 0;
  for (;;) {
    const int got = SSL_read(ssl, into + total, (int)(kTransportBytes - total));
    if (got > 0) {
      total += (size_t)got;
      continue;
    }
    const int error = SSL_get_error(ssl, got);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error != SSL_ERROR_WANT_READ) fail_tls("SSL_read");
    if (total > 0) return (ssize_t)total;
    errno = EAGAIN;
    return -1;
  }
}

#else

static inline void use_tls(void) {
  fprintf(stderr, "this load generator was compiled without TLS (apt-get install libssl-dev)\n");
  exit(2);
}
static inline void transport_open(int fd) { (void)fd; }
static inline void transport_close(int fd) { (void)fd; }
static inline void transport_send(int fd, const char* data, size_t length) { send_all(fd, data, length); }
static inline ssize_t transport_receive(int fd, char* into) {
  return recv(fd, into, kTransportBytes, MSG_DONTWAIT);
}
#endif
