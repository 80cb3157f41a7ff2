// Paths as arguments.
#pragma once

#include <climits>
#include <cstddef>

namespace fdmux {

// The longest path that the kernel takes, with its NUL.
constexpr size_t kPathBytes = PATH_MAX;

}  // namespace fdmux
