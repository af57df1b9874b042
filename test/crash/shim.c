/*
 * LD_PRELOAD shim: writes down what a process does to the files below STRONGROOM_SHIM_ROOT, and what it answers on its sockets, in
 * one order; ends the process, or fails a sync, at a chosen call.
 *
 *   STRONGROOM_SHIM_ROOT    directory that is watched
 *   STRONGROOM_SHIM_TRACE   file the records are appended to; none are kept without it
 *   STRONGROOM_SHIM_KILL    n: SIGKILL before the n-th counted call (write, sync, rename, create, unlink, truncate), from 1
 *   STRONGROOM_SHIM_HALF    1: when that call is a write, its first half is written before
 *   STRONGROOM_SHIM_EIO     n: the n-th sync of a path that contains STRONGROOM_SHIM_EIO_PATH fails with EIO
 *
 * A record, little endian: kind (4), path bytes (4), data bytes (4), inode (8), offset (8), path, data. Syncs are not carried out:
 * a killed process loses nothing, and a power cut is computed from the records.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR, ANSWER };

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_bytes;
static int trace = -1;
static const char *eio_path = "";
static long kill_at, eio_at, half, calls, syncs, eio_syncs;

__attribute__((constructor)) static void start(void) {
  const char *value = getenv("STRONGROOM_SHIM_ROOT");
  if (!value || !realpath(value, root)) return;
  root_bytes = strlen(root);
  if ((value = getenv("STRONGROOM_SHIM_TRACE"))) trace = syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if ((value = getenv("STRONGROOM_SHIM_KILL"))) kill_at = atol(value);
  if ((value = getenv("STRONGROOM_SHIM_EIO"))) eio_at = atol(value);
  if ((value = getenv("STRONGROOM_SHIM_EIO_PATH"))) eio_path = strdup(value);
  if ((value = getenv("STRONGROOM_SHIM_HALF"))) half = atol(value);
}

static int below(const char *path) {
  return root_bytes && !strncmp(path, root, root_bytes) && (path[root_bytes] == '/' || !path[root_bytes]);
}

/* The path of a descriptor below the root. */
static int named(int fd, char *path) {
  char link[64];
  if (!root_bytes) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, 4095);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

static void all(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    long done = syscall(SYS_write, trace, at, length);
    if (done <= 0) return;
    at += done;
    length -= done;
  }
}

static void note(enum kind kind, const char *path, uint64_t inode, uint64_t offset, const void *data, size_t bytes) {
  if (trace < 0) return;
  uint32_t head[3] = {kind, strlen(path), bytes};
  uint64_t place[2] = {inode, offset};
  all(head, sizeof head);
  all(place, sizeof place);
  all(path, head[1]);
  all(data, bytes);
}

static void gone(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

/* Counts a call; the one that was chosen is the last thing the process does. */
static int last(void) { return ++calls == kill_at; }

static uint64_t inode_of(int fd) {
  struct stat found;
  return fstat(fd, &found) ? 0 : found.st_ino;
}

static void noted_write(int fd, const char *path, const void *data, size_t done, off_t offset) {
  if (offset < 0) offset = lseek(fd, 0, SEEK_CUR) - (off_t)done;
  note(WRITE, path, inode_of(fd), offset, data, done);
}

static ssize_t put(int fd, const void *data, size_t bytes, off_t offset) {
  return offset < 0 ? syscall(SYS_write, fd, data, bytes) : syscall(SYS_pwrite64, fd, data, bytes, offset);
}

static ssize_t watched_write(int fd, const char *path, const void *data, size_t bytes, off_t offset) {
  pthread_mutex_lock(&order);
  int ends = last();
  if (ends && !(half && bytes > 1)) gone();
  ssize_t done = put(fd, data, ends ? bytes / 2 : bytes, offset);
  int error = errno;
  if (done > 0) noted_write(fd, path, data, done, offset);
  if (ends) gone();
  pthread_mutex_unlock(&order);
  errno = error;
  return done;
}

/* What goes out on a socket is written down before it goes: who got it may act on it. */
static int peer_port(int fd) {
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  if (trace < 0 || getpeername(fd, (struct sockaddr *)&peer, &size) || peer.sin_family != AF_INET) return 0;
  return ntohs(peer.sin_port);
}

ssize_t write(int fd, const void *data, size_t bytes) {
  char path[4096];
  if (named(fd, path)) return watched_write(fd, path, data, bytes, -1);
  int port = peer_port(fd);
  if (!port) return syscall(SYS_write, fd, data, bytes);
  pthread_mutex_lock(&order);
  ssize_t done = syscall(SYS_write, fd, data, bytes);
  int error = errno;
  if (done > 0) note(ANSWER, "", 0, port, data, done);
  pthread_mutex_unlock(&order);
  errno = error;
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) {
  char path[4096];
  return named(fd, path) ? watched_write(fd, path, data, bytes, offset) : syscall(SYS_pwrite64, fd, data, bytes, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) { return pwrite(fd, data, bytes, offset); }

/* Several buffers go one by one: what is not taken is a short write. */
static ssize_t vectored(int fd, const struct iovec *parts, int count, off_t offset) {
  ssize_t total = 0;
  for (int index = 0; index < count; index++) {
    if (parts[index].iov_len == 0) continue;
    ssize_t done = offset < 0 ? write(fd, parts[index].iov_base, parts[index].iov_len)
                              : pwrite(fd, parts[index].iov_base, parts[index].iov_len, offset + total);
    if (done < 0) return total > 0 ? total : done;
    total += done;
    if ((size_t)done < parts[index].iov_len) break;
  }
  return total;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  char path[4096];
  return named(fd, path) || peer_port(fd) ? vectored(fd, parts, count, -1) : syscall(SYS_writev, fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return vectored(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) { return vectored(fd, parts, count, offset); }

static int watched_sync(int fd, long number) {
  char path[4096];
  if (!named(fd, path)) return syscall(number, fd);
  pthread_mutex_lock(&order);
  if (last()) gone();
  long serial = ++syncs;
  if (strstr(path, eio_path) && ++eio_syncs == eio_at) {
    pthread_mutex_unlock(&order);
    errno = EIO;
    return -1;
  }
  note(SYNC_BEGIN, path, inode_of(fd), serial, "", 0);
  pthread_mutex_unlock(&order);
  /* Others may write meanwhile: what began after the sync is not covered by it. */
  pthread_mutex_lock(&order);
  note(SYNC_END, path, inode_of(fd), serial, "", 0);
  pthread_mutex_unlock(&order);
  return 0;
}
int fsync(int fd) { return watched_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return watched_sync(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t length) {
  char path[4096];
  if (!named(fd, path)) return syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&order);
  if (last()) gone();
  int result = syscall(SYS_ftruncate, fd, length);
  if (result == 0) note(TRUNCATE, path, inode_of(fd), length, "", 0);
  pthread_mutex_unlock(&order);
  return result;
}
int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

int rename(const char *from, const char *to) {
  if (!below(from)) return syscall(SYS_rename, from, to);
  pthread_mutex_lock(&order);
  if (last()) gone();
  int result = syscall(SYS_rename, from, to);
  if (result == 0) note(RENAME, from, 0, 0, to, strlen(to));
  pthread_mutex_unlock(&order);
  return result;
}

static int watched_unlink(int directory, const char *path, int flags) {
  char full[8192], base[4096];
  const char *target = path;
  if (path[0] != '/' && directory != AT_FDCWD && named(directory, base)) {
    snprintf(full, sizeof full, "%s/%s", base, path);
    target = full;
  }
  if (!below(target)) return syscall(SYS_unlinkat, directory, path, flags);
  pthread_mutex_lock(&order);
  if (last()) gone();
  int result = syscall(SYS_unlinkat, directory, path, flags);
  int error = errno;
  if (result == 0) note(UNLINK, target, 0, 0, "", 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return result;
}
int unlink(const char *path) { return watched_unlink(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return watched_unlink(AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int directory, const char *path, int flags) { return watched_unlink(directory, path, flags); }
int remove(const char *path) {
  int result = unlink(path);
  return result && errno == EISDIR ? rmdir(path) : result;
}

int mkdir(const char *path, mode_t mode) {
  if (!below(path)) return syscall(SYS_mkdir, path, mode);
  pthread_mutex_lock(&order);
  if (last()) gone();
  int result = syscall(SYS_mkdir, path, mode);
  int error = errno;
  if (result == 0) note(MKDIR, path, 0, 0, "", 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return result;
}

static int watched_open(const char *path, int flags, mode_t mode) {
  if (!(flags & O_CREAT) || !below(path)) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&order);
  struct stat before;
  int fresh = stat(path, &before) != 0;
  if (fresh && last()) gone();
  int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  int error = errno;
  if (fd >= 0 && fresh) note(CREATE, path, inode_of(fd), 0, "", 0);
  if (fd >= 0 && !fresh && (flags & O_TRUNC)) note(TRUNCATE, path, inode_of(fd), 0, "", 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return fd;
}
#define OPEN(name)                                       \
  int name(const char *path, int flags, ...) {           \
    va_list rest;                                        \
    va_start(rest, flags);                               \
    mode_t mode = flags & O_CREAT ? va_arg(rest, int) : 0; \
    va_end(rest);                                        \
    return watched_open(path, flags, mode);              \
  }
OPEN(open)
OPEN(open64)
