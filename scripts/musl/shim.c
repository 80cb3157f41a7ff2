/*
 * For `npm run matrix` alone: the few symbols that Debian's libstdc++ takes from glibc, on top of musl.
 *
 * npm has no Node.js for musl as such, but one linked against musl inside another program (see
 * ../lib/musl-node.mjs). It needs a libstdc++, and the one at hand is built for glibc. This library stands in
 * for glibc's loader, which that libstdc++ names as a dependency. No part of it is in the package, and the
 * addon does not know of it.
 */
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded;
struct {
  unsigned words[4];
} __cpu_model;

int __cpu_indicator_init(void) { return 0; }

/* arm64's libgcc asks for it by this name. */
unsigned long __getauxval(unsigned long type) { return getauxval(type); }

uint32_t arc4random(void) {
  uint32_t value;
  getrandom(&value, sizeof value, 0);
  return value;
}

size_t __strftime_l(char* text, size_t size, const char* format, const struct tm* time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}

/* std::string::_M_replace_cold, which libstdc++ has inside from GCC 13 on. */
void _ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm(
    void* self, char* at, size_t removed, const char* added, size_t count, size_t tail) {
  (void)self;
  char* copy = malloc(count);
  memcpy(copy, added, count);
  if (tail && removed != count) memmove(at + count, at + removed, tail);
  memcpy(at, copy, count);
  free(copy);
}

/* glibc's quick way from a program counter to its unwind table. */
struct found_object {
  unsigned long long flags;
  void *start, *end, *map, *unwind;
  unsigned long long reserved[7];
};
struct query {
  uintptr_t pc;
  struct found_object* result;
  int found;
};

static int look(struct dl_phdr_info* info, size_t size, void* data) {
  (void)size;
  struct query* query = data;
  uintptr_t low = UINTPTR_MAX, high = 0;
  void* unwind = 0;
  int hit = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)* header = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
    if (header->p_type == PT_LOAD) {
      hit |= query->pc >= start && query->pc < end;
      if (start < low) low = start;
      if (end > high) high = end;
    }
    if (header->p_type == PT_GNU_EH_FRAME) unwind = (void*)start;
  }
  if (hit && unwind) {
    *query->result = (struct found_object){0, (void*)low, (void*)high, 0, unwind, {0}};
    query->found = 1;
  }
  return query->found;
}

int _dl_find_object(void* pc, struct found_object* result) {
  struct query query = {(uintptr_t)pc, result, 0};
  dl_iterate_phdr(look, &query);
  return query.found ? 0 : -1;
}

/* Destructors of thread_local objects. */
struct destructor {
  void (*run)(void*);
  void* object;
  struct destructor* next;
};
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void run_all(void* first) {
  for (struct destructor* each = first; each;) {
    struct destructor* next = each->next;
    each->run(each->object);
    free(each);
    each = next;
  }
}

static void make_key(void) { pthread_key_create(&key, run_all); }

int __cxa_thread_atexit_impl(void (*run)(void*), void* object, void* library) {
  (void)library;
  pthread_once(&once, make_key);
  struct destructor* added = malloc(sizeof *added);
  *added = (struct destructor){run, object, pthread_getspecific(key)};
  return pthread_setspecific(key, added);
}
