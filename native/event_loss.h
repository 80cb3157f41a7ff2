// Which files lose an event when they are polled.
#pragma once

namespace fdmux {

// In doubt true: the careful way to wait costs more, but loses nothing. An fd that is not open has no event.
bool losesEvents(int fd);

}  // namespace fdmux
