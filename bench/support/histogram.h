// How long messages have taken, in buckets.
#pragma once
#include <stdint.h>

enum { kBuckets = 64 * 32 };

static uint64_t histogram[kBuckets];

// Buckets of 1/32 of a power of two.
static int bucket(uint64_t ns) {
  if (ns < 32) return (int)ns;
  const int log = 63 - __builtin_clzll(ns);
  return (log - 4) * 32 + (int)((ns >> (log - 5)) & 31);
}

static double bucket_ns(int index) {
  if (index < 32) return index;
  return (double)((32ULL + index % 32) << (index / 32 - 1));
}

static double percentile(double share) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < kBuckets; i++) total += histogram[i];
  for (int i = 0; i < kBuckets; i++) {
    seen += histogram[i];
    if (total > 0 && seen >= share * total) return bucket_ns(i);
  }
  return 0;
}

static void count_latency(int64_t ns) { histogram[bucket(ns > 0 ? (uint64_t)ns : 0)]++; }
