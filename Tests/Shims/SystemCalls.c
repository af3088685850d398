// Makes chosen calls of the system fail in a program that this library is preloaded into.
//
//   FAULT_PROGRAM  the program that is meant; what it starts inherits the environment, too
//   FAULT_CALL     the call, such as write
//   FAULT_EFFECT   what happens instead: a number is the errno that it fails with; KILL ends the
//                  process before the call, SHORT lets it take or give one byte, NOTE changes
//                  nothing
//   FAULT_NUMBER   the first of the matching calls that this happens to, from 1 (default 1)
//   FAULT_COUNT    to how many from there on (default 1; 0: to all)
//   FAULT_PATH     matching are only calls about a file whose path has this in it
//   FAULT_EINTR    the calls (comma separated) that are each interrupted once: they fail with
//                  EINTR, and work when they are repeated. A poll is interrupted every other time
//                  on average: libcurl takes an interrupted one for a vain one and asks again
//                  later, which would never meet a poll that works if each second one did.
//   FAULT_LOG      a file that gets a line for each fault, and "dumpable 0" or "dumpable 1" when the
//                  program ends by itself: whether its memory could have been looked at
//
// A close that fails has closed the descriptor, as on Linux.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum call {
    CALL_open, CALL_openat, CALL_read, CALL_write, CALL_pread, CALL_pwrite, CALL_writev,
    CALL_fsync, CALL_fdatasync, CALL_close, CALL_ftruncate, CALL_rename, CALL_renameat,
    CALL_renameat2, CALL_link, CALL_linkat, CALL_unlink, CALL_unlinkat, CALL_poll, CALL_waitpid,
    CALL_send, CALL_recv, CALL_mkdir, CALL_mkdtemp, CALL_mkstemp, CALL_pipe, CALLS
};

static const char *const names[CALLS] = {
    "open", "openat", "read", "write", "pread", "pwrite", "writev", "fsync", "fdatasync", "close",
    "ftruncate", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "poll",
    "waitpid", "send", "recv", "mkdir", "mkdtemp", "mkstemp", "pipe",
};

enum effect { NOTHING, FAILS, IS_SHORT };

// The process that is meant; a copy of it that is about to become another program is not.
static pid_t meant;
static int wanted = -1;
static const char *effect_text, *wanted_path, *log_path;
static long first = 1, count = 1;
static atomic_long seen;
static unsigned char is_interrupted[CALLS];
static __thread unsigned char was_interrupted[CALLS];
static atomic_uchar was_logged[CALLS];

static int lists(const char *list, const char *name) {
    size_t length = strlen(name);
    while (list && *list) {
        if (!strncmp(list, name, length) && (!list[length] || list[length] == ',')) return 1;
        list = strchr(list, ',');
        if (list) list++;
    }
    return 0;
}

// Not by program_invocation_short_name, which a program may hold a copy of.
static int is_this(const char *program) {
    char path[4097];
    long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    const char *slash = strrchr(path, '/');
    return !strcmp(slash ? slash + 1 : path, program);
}

__attribute__((constructor)) static void begin(void) {
    const char *program = getenv("FAULT_PROGRAM");
    if (program && !is_this(program)) return;
    const char *call = getenv("FAULT_CALL"), *number = getenv("FAULT_NUMBER");
    const char *times = getenv("FAULT_COUNT"), *interrupted = getenv("FAULT_EINTR");
    effect_text = getenv("FAULT_EFFECT");
    wanted_path = getenv("FAULT_PATH");
    log_path = getenv("FAULT_LOG");
    if (number) first = atol(number);
    if (times) count = atol(times);
    for (int index = 0; index < CALLS; index++) {
        if (call && !strcmp(call, names[index])) wanted = index;
        is_interrupted[index] = lists(interrupted, names[index]);
    }
    // A word that is not known here must not look like a fault that does no harm.
    if ((call && wanted < 0) || (wanted >= 0 && !effect_text)) abort();
    meant = getpid();
}

// Past the functions below, which would come back here.
static void note(const char *call, const char *what, const char *path) {
    if (!log_path) return;
    char line[4500];
    int length = snprintf(line, sizeof line, "%s %s %.4096s\n", call, what, path);
    long log = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return;
    syscall(SYS_write, log, line, length);
    syscall(SYS_close, log);
}

__attribute__((destructor)) static void end(void) {
    if (meant == getpid()) note("dumpable", prctl(PR_GET_DUMPABLE) ? "1" : "0", "-");
}

static const char *path_of(int descriptor, char *buffer, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, buffer, size - 1);
    buffer[length < 0 ? 0 : length] = 0;
    return buffer;
}

// What is to happen to a call about the file of `descriptor` or about `path` (or `other`).
static enum effect fate(enum call call, int descriptor, const char *path, const char *other) {
    if (meant != getpid()) return NOTHING;
    int saved = errno;
    if (is_interrupted[call]) {
        was_interrupted[call] = !was_interrupted[call];
        if (call == CALL_poll && was_logged[call]) {
            // The same numbers for each thread of each run.
            static __thread unsigned dice = 1;
            dice = dice * 1103515245 + 12345;
            was_interrupted[call] = dice >> 16 & 1;
        }
        if (was_interrupted[call]) {
            if (!atomic_exchange(&was_logged[call], 1)) note(names[call], "EINTR", path ? path : "-");
            errno = EINTR;
            return FAILS;
        }
    }
    errno = saved;
    if ((int)call != wanted) return NOTHING;
    char buffer[4097];
    if (wanted_path) {
        if (!path) path = path_of(descriptor, buffer, sizeof buffer);
        if (!strstr(path, wanted_path) && !(other && strstr(other, wanted_path))) {
            errno = saved;
            return NOTHING;
        }
    }
    long number = atomic_fetch_add(&seen, 1) + 1;
    errno = saved;
    if (number < first || (count && number >= first + count)) return NOTHING;
    note(names[call], effect_text, path ? path : "-");
    errno = saved;
    if (!strcmp(effect_text, "NOTE")) return NOTHING;
    if (!strcmp(effect_text, "KILL")) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;) syscall(SYS_pause);
    }
    if (!strcmp(effect_text, "SHORT")) return IS_SHORT;
    errno = atoi(effect_text);
    return FAILS;
}

static void *real(const char *name, void **place) {
    if (!*place) *place = dlsym(RTLD_NEXT, name);
    return *place;
}

#define REAL(name) \
    static void *place; \
    __typeof__(&name) next = (__typeof__(&name))real(#name, &place)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
            va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
        } \
        return fate(CALL_open, -1, path, NULL) == FAILS ? -1 : next(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
            va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
        } \
        return fate(CALL_openat, -1, path, NULL) == FAILS ? -1 : next(directory, path, flags, mode); \
    }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

ssize_t read(int descriptor, void *bytes, size_t size) {
    REAL(read);
    enum effect effect = fate(CALL_read, descriptor, NULL, NULL);
    return effect == FAILS ? -1 : next(descriptor, bytes, effect == IS_SHORT && size ? 1 : size);
}
ssize_t write(int descriptor, const void *bytes, size_t size) {
    REAL(write);
    enum effect effect = fate(CALL_write, descriptor, NULL, NULL);
    return effect == FAILS ? -1 : next(descriptor, bytes, effect == IS_SHORT && size ? 1 : size);
}
#define PREAD(name, type) \
    ssize_t name(int descriptor, void *bytes, size_t size, type offset) { \
        REAL(name); \
        enum effect effect = fate(CALL_pread, descriptor, NULL, NULL); \
        return effect == FAILS ? -1 \
            : next(descriptor, bytes, effect == IS_SHORT && size ? 1 : size, offset); \
    }
#define PWRITE(name, type) \
    ssize_t name(int descriptor, const void *bytes, size_t size, type offset) { \
        REAL(name); \
        enum effect effect = fate(CALL_pwrite, descriptor, NULL, NULL); \
        return effect == FAILS ? -1 \
            : next(descriptor, bytes, effect == IS_SHORT && size ? 1 : size, offset); \
    }
PREAD(pread, off_t) PREAD(pread64, off64_t) PWRITE(pwrite, off_t) PWRITE(pwrite64, off64_t)
ssize_t writev(int descriptor, const struct iovec *pieces, int number) {
    REAL(writev);
    return fate(CALL_writev, descriptor, NULL, NULL) == FAILS ? -1 : next(descriptor, pieces, number);
}
ssize_t send(int socket, const void *bytes, size_t size, int flags) {
    REAL(send);
    enum effect effect = fate(CALL_send, socket, NULL, NULL);
    return effect == FAILS ? -1 : next(socket, bytes, effect == IS_SHORT && size ? 1 : size, flags);
}
ssize_t recv(int socket, void *bytes, size_t size, int flags) {
    REAL(recv);
    enum effect effect = fate(CALL_recv, socket, NULL, NULL);
    return effect == FAILS ? -1 : next(socket, bytes, effect == IS_SHORT && size ? 1 : size, flags);
}

int fsync(int descriptor) {
    REAL(fsync);
    return fate(CALL_fsync, descriptor, NULL, NULL) == FAILS ? -1 : next(descriptor);
}
int fdatasync(int descriptor) {
    REAL(fdatasync);
    return fate(CALL_fdatasync, descriptor, NULL, NULL) == FAILS ? -1 : next(descriptor);
}
int close(int descriptor) {
    REAL(close);
    if (fate(CALL_close, descriptor, NULL, NULL) != FAILS) return next(descriptor);
    int code = errno;
    next(descriptor);
    errno = code;
    return -1;
}
int ftruncate(int descriptor, off_t size) {
    REAL(ftruncate);
    return fate(CALL_ftruncate, descriptor, NULL, NULL) == FAILS ? -1 : next(descriptor, size);
}
int ftruncate64(int descriptor, off64_t size) {
    REAL(ftruncate64);
    return fate(CALL_ftruncate, descriptor, NULL, NULL) == FAILS ? -1 : next(descriptor, size);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return fate(CALL_rename, -1, from, to) == FAILS ? -1 : next(from, to);
}
int renameat(int old, const char *from, int new, const char *to) {
    REAL(renameat);
    return fate(CALL_renameat, -1, from, to) == FAILS ? -1 : next(old, from, new, to);
}
int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    REAL(renameat2);
    return fate(CALL_renameat2, -1, from, to) == FAILS ? -1 : next(old, from, new, to, flags);
}
int link(const char *from, const char *to) {
    REAL(link);
    return fate(CALL_link, -1, from, to) == FAILS ? -1 : next(from, to);
}
int linkat(int old, const char *from, int new, const char *to, int flags) {
    REAL(linkat);
    return fate(CALL_linkat, -1, from, to) == FAILS ? -1 : next(old, from, new, to, flags);
}
int unlink(const char *path) {
    REAL(unlink);
    return fate(CALL_unlink, -1, path, NULL) == FAILS ? -1 : next(path);
}
int unlinkat(int directory, const char *path, int flags) {
    REAL(unlinkat);
    return fate(CALL_unlinkat, -1, path, NULL) == FAILS ? -1 : next(directory, path, flags);
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return fate(CALL_mkdir, -1, path, NULL) == FAILS ? -1 : next(path, mode);
}
char *mkdtemp(char *path) {
    REAL(mkdtemp);
    return fate(CALL_mkdtemp, -1, path, NULL) == FAILS ? NULL : next(path);
}
#define MKSTEMP(name) \
    int name(char *path) { \
        REAL(name); \
        return fate(CALL_mkstemp, -1, path, NULL) == FAILS ? -1 : next(path); \
    }
MKSTEMP(mkstemp) MKSTEMP(mkstemp64)
int pipe(int ends[2]) {
    REAL(pipe);
    return fate(CALL_pipe, -1, "", NULL) == FAILS ? -1 : next(ends);
}
int pipe2(int ends[2], int flags) {
    REAL(pipe2);
    return fate(CALL_pipe, -1, "", NULL) == FAILS ? -1 : next(ends, flags);
}

int poll(struct pollfd *watched, nfds_t number, int milliseconds) {
    REAL(poll);
    return fate(CALL_poll, number ? watched[0].fd : -1, NULL, NULL) == FAILS
        ? -1 : next(watched, number, milliseconds);
}
pid_t waitpid(pid_t process, int *status, int options) {
    REAL(waitpid);
    return fate(CALL_waitpid, -1, "", NULL) == FAILS ? -1 : next(process, status, options);
}
