#ifndef CPROCESS_SHIM_H
#define CPROCESS_SHIM_H

#include <malloc.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/// Keeps the memory of this process out of core dumps and away from other processes of the same
/// user. In C because prctl is variadic.
static inline int cprocess_hide_memory(void) {
    struct rlimit none = {0, 0};
    int limited = setrlimit(RLIMIT_CORE, &none);
    int hidden = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return limited == 0 && hidden == 0 ? 0 : -1;
}

/// Gives blocks of 256 KiB and more back to the system when they are freed. Left to itself the C
/// library raises that size with each block it frees, and then keeps them. In C because Swift's
/// Glibc leaves malloc.h out.
static inline int cprocess_return_large_blocks(void) {
    return mallopt(M_MMAP_THRESHOLD, 256 << 10) == 1 ? 0 : -1;
}

/// Closes every descriptor from `first` on in the program that is started. Declared here because
/// the header shows it only to programs that ask for GNU extensions.
extern int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *actions, int first);

static inline int cprocess_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/// These are declared here for the same reason.
extern int pipe2(int ends[2], int flags);

/// Makes a pipe whose ends no program inherits, not even one that another thread starts meanwhile.
static inline int cprocess_pipe(int ends[2]) { return pipe2(ends, 02000000 /* O_CLOEXEC */); }

extern int renameat2(
    int old_directory, const char *old_name, int new_directory, const char *new_name,
    unsigned int flags);

/// Gives a file of a directory another name that nothing has; EEXIST where something has it.
static inline int cprocess_name(int directory, const char *from, const char *to) {
    return renameat2(directory, from, directory, to, 1 /* RENAME_NOREPLACE */);
}

/// Lets two files of a directory change their names.
static inline int cprocess_swap(int directory, const char *first, const char *second) {
    return renameat2(directory, first, directory, second, 2 /* RENAME_EXCHANGE */);
}

#endif
