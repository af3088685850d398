#pragma once
#include <gpgme.h>
#include <fcntl.h>

/* gpgme_error is an inline function over a macro for the error source. */
static inline gpgme_error_t gpgme_failure(gpgme_err_code_t code) { return gpgme_error(code); }

/* A GNU extension, which glibc declares only for _GNU_SOURCE. */
enum { FCNTL_SET_PIPE_SIZE = 1031 /* F_SETPIPE_SZ */ };
