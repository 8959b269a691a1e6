// SPDX-License-Identifier: Apache-2.0
// Loaded before the C library (LD_PRELOAD): every fsync and fdatasync takes
// STRONGROOM_FSYNC_MS longer, as on an SD card.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void delay(void) {
  const char* text = getenv("STRONGROOM_FSYNC_MS");
  const long ms = text == NULL ? 0 : strtol(text, NULL, 10);
  struct timespec left = {ms / 1000, (ms % 1000) * 1000000};
  while (ms > 0 && nanosleep(&left, &left) != 0) {
  }
}

int fsync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  delay();
  return real(fd);
}

int fdatasync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  delay();
  return real(fd);
}
