#pragma once
#include <gpgme.h>
#include <fcntl.h>
#include <spawn.h>

/* gpgme_error is an inline function over a macro for the error source. */
static inline gpgme_error_t gpgme_failure(gpgme_err_code_t code) { return gpgme_error(code); }

/* GNU extensions, which glibc declares only for _GNU_SOURCE. */
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
enum { FCNTL_SET_PIPE_SIZE = 1031 /* F_SETPIPE_SZ */ };
