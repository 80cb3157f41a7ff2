// A helper thread that blocks in poll(2), select(2) or epoll_wait(2) and reports through a thread-safe
// function. It works in every runtime that has Node-API.
//
// It keeps the findings of its call until they are taken: some files give an event to the first call alone
// (event_loss.cc), so that a second call, made after the report, would find nothing.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "args.h"
#include "environment.h"
#include "event_loss.h"
#include "exports.h"
#include "poll.h"
#include "select.h"
#include "unique_fd.h"

namespace fdmux {
namespace {

// The thread keeps its lists on the heap; this is more than the C library's minimum, for sanitizers.
constexpr size_t kThreadStackBytes = size_t{256} * 1024;

// More than any wait has room for.
constexpr size_t kMaxEpollEvents = size_t{1} << 20;

enum class Call { kNone, kPoll, kSelect, kEpoll };

// The fds that one arming waits for.
struct Arming {
  Call call = Call::kNone;
  uintptr_t serial = 0;
  std::vector<pollfd> poll_fds;
  std::vector<int32_t> select_fds;
  size_t select_counts[kFdSetCount] = {};
  int epoll_fd = -1;
  size_t max_events = 0;
};

// Three numbers, for JavaScript. poll: the place of the entry, its fd, its revents. select: the place of the
// fd in the list, the fd, the set. epoll: the events, the low and the high half of the data.
struct Finding {
  int32_t first;
  int32_t second;
  int32_t third;
};

// `error` is the errno of a call that failed, if the look that follows would not fail in the same way.
struct Outcome {
  bool is_called_out = false;
  int error = 0;
};

// The low half of the data under which an epoll instance watches the eventfd of a helper in epoll_wait(2). No
// fd has that number. The high half is the eventfd: another helper may wait on the same instance.
constexpr uint32_t kCallOutData = 0xfffffffe;

uint64_t callOutData(int event_fd) { return static_cast<uint64_t>(event_fd) << 32 | kCallOutData; }

// poll(2) takes no more entries than the limit of open fds, and the eventfd is one more: a list that is full
// for itself still fits when each fd has one entry. False, with errno set, if it does not.
bool pollMerged(std::vector<pollfd>& fds) {
  std::vector<pollfd> merged(fds);
  std::sort(merged.begin(), merged.end(), [](const pollfd& a, const pollfd& b) { return a.fd < b.fd; });
  size_t count = 0;
  for (const pollfd& entry : merged) {
    if (count > 0 && merged[count - 1].fd == entry.fd) {
      merged[count - 1].events = static_cast<short>(merged[count - 1].events | entry.events);
    } else {
      merged[count++] = entry;
    }
  }
  merged.resize(count);
  if (::poll(merged.data(), merged.size(), -1) < 0) return false;
  for (pollfd& entry : fds) {
    const auto found = std::lower_bound(merged.begin(), merged.end(), entry.fd,
                                        [](const pollfd& one, int fd) { return one.fd < fd; });
    entry.revents = static_cast<short>(found->revents & (entry.events | POLLERR | POLLHUP | POLLNVAL));
  }
  return true;
}

// The helper's side of a wait: each blocks until a file of `arming`, or `event_fd`, is ready, and appends its
// findings.
Outcome waitInPoll(Arming& arming, int event_fd, std::vector<Finding>* findings) {
  std::vector<pollfd>& fds = arming.poll_fds;
  if (arming.call == Call::kNone) fds.clear();
  fds.push_back({event_fd, POLLIN, 0});
  bool is_done = ::poll(fds.data(), fds.size(), -1) >= 0;
  if (!is_done && errno == EINVAL) is_done = pollMerged(fds);
  const int error = is_done ? 0 : errno;
  const bool is_called_out = is_done && fds.back().revents != 0;
  fds.pop_back();
  if (!is_done) return {error == EINTR, error == EINTR ? 0 : error};
  for (size_t place = 0; place < fds.size(); place++) {
    if (fds[place].revents == 0) continue;
    findings->push_back(
        {static_cast<int32_t>(place), fds[place].fd, static_cast<uint16_t>(fds[place].revents)});
  }
  return {is_called_out, 0};
}

Outcome waitInSelect(const Arming& arming, int event_fd, FdSets& sets, std::vector<Finding>* findings) {
  const std::vector<int32_t>& fds = arming.select_fds;
  int highest;
  // A bad fd is a reason to look: the real call then names it.
  if (!findHighestFd(fds.data(), fds.size(), &highest)) return {};
  if (highest >= 0 && !isWithinFdTable(highest)) return {};
  sets.reset(highest > event_fd ? highest : event_fd);
  if (!addAll(sets, fds.data(), arming.select_counts) || !sets.add(0, event_fd)) return {};
  if (::select(sets.nfds(), sets.get(0), sets.get(1), sets.get(2), nullptr) < 0) {
    if (errno == EINTR) return {true, 0};
    return {false, errno == EBADF ? 0 : errno};
  }
  std::vector<int32_t> places(fds.size());
  const size_t count = findReady(sets, fds.data(), arming.select_counts, places.size(), places.data());
  size_t set = 0, set_end = arming.select_counts[0];
  for (size_t i = 0; i < count; i++) {
    const auto place = static_cast<size_t>(places[i]);
    while (place >= set_end) set_end += arming.select_counts[++set];
    findings->push_back({places[i], fds[place], static_cast<int32_t>(set)});
  }
  return {sets.contains(0, event_fd), 0};
}

Outcome waitInEpoll(const Arming& arming, int event_fd, std::vector<Finding>* findings) {
  std::vector<epoll_event> events(arming.max_events + 1);
  const int count = ::epoll_wait(arming.epoll_fd, events.data(), static_cast<int>(events.size()), -1);
  if (count < 0) return {errno == EINTR, errno == EINTR ? 0 : errno};
  Outcome outcome;
  for (size_t i = 0; i < static_cast<size_t>(count); i++) {
    const uint64_t data = events[i].data.u64;
    const auto low = static_cast<uint32_t>(data);
    if (data == callOutData(event_fd)) outcome.is_called_out = true;
    if (low == kCallOutData) continue;
    findings->push_back({static_cast<int32_t>(events[i].events), static_cast<int32_t>(low),
                         static_cast<int32_t>(data >> 32)});
  }
  // Only another helper was called out: nothing to report.
  if (findings->empty()) outcome.is_called_out = true;
  return outcome;
}

}  // namespace

// Two threads meet here: the owner's, which runs JavaScript, and the helper's. The mutex guards everything
// they share; an eventfd calls the helper out of its wait.
class WaitThread final : public Waiter {
 public:
  // Null with an exception pending.
  static WaitThread* open(napi_env env, Waiters& waiters, napi_value dispatcher) {
    UniqueFd event_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event_fd.valid()) {
      throwSystemError(env, errno, "eventfd");
      return nullptr;
    }
    auto* waiter = new WaitThread(env, waiters, std::move(event_fd));
    if (!waiter->createFunction()) {
      delete waiter;
      return nullptr;
    }
    // From here on the function's finalizer deletes the waiter.
    const int error = waiter->startThread();
    if (error != 0) {
      napi_release_threadsafe_function(waiter->function_, napi_tsfn_abort);
      throwSystemError(env, error, "pthread_create");
      return nullptr;
    }
    // Added after the function was made, so that it runs before the function's own hook: a thread that
    // outlived its function would call into freed memory.
    if (!waiters.add(waiter, dispatcher) ||
        !succeeded(env, napi_add_env_cleanup_hook(env, endAtCleanup, waiter))) {
      waiter->end();
      return nullptr;
    }
    return waiter;
  }

  void armPoll(const PollList& list) {
    spare_.call = Call::kPoll;
    spare_.poll_fds.assign(list.entries, list.entries + list.count);
    arm();
  }

  void armSelect(const SelectList& list) {
    spare_.call = Call::kSelect;
    spare_.select_fds.assign(list.fds.data, list.fds.data + list.total());
    std::copy(std::begin(list.counts), std::end(list.counts), spare_.select_counts);
    arm();
  }

  // The instance watches the eventfd until the waiter is closed. Outside of a call to the helper its counter
  // is 0, so no other wait sees it. False with an exception pending.
  bool armEpoll(int epoll_fd, size_t max_events) {
    if (!epoll_.valid() && !joinEpoll(epoll_fd)) return false;
    spare_.call = Call::kEpoll;
    spare_.epoll_fd = epoll_.get();
    spare_.max_events = max_events;
    arm();
    return true;
  }

  // Everything that the helper's calls have found since the last time this was asked. `error` is the errno of
  // a call that failed, or 0.
  std::vector<Finding> take(int* error, Call* call) {
    const std::lock_guard<std::mutex> lock(mutex_);
    *error = std::exchange(error_, 0);
    *call = found_by_;
    return std::exchange(findings_, {});
  }

  void forget(int fd) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto is_about = [fd](const Finding& finding) { return finding.second == fd; };
    findings_.erase(std::remove_if(findings_.begin(), findings_.end(), is_about), findings_.end());
  }

  // Afterwards the helper is in no call with the fds of the arming: the kernel would keep files open for it
  // that are closed in the meantime.
  void disarm() {
    armed_serial_ = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    if (is_idle_) return;
    next_.call = Call::kNone;
    has_next_ = true;
    callOut();
    taken_.wait(lock, [this] { return !has_next_; });
  }

  // Both fail only on a function that was released, which no open waiter has.
  void ref() override { napi_ref_threadsafe_function(env_, function_); }
  void unref() override { napi_unref_threadsafe_function(env_, function_); }
  void close() override {
    napi_remove_env_cleanup_hook(env_, endAtCleanup, this);
    end();
  }
  WaitThread* asWaitThread() override { return this; }

 private:
  WaitThread(napi_env env, Waiters& waiters, UniqueFd event_fd)
      : Waiter(waiters.nextId()), env_(env), waiters_(waiters), event_fd_(std::move(event_fd)) {}
  ~WaitThread() override = default;

  bool createFunction() {
    napi_value name;
    if (!succeeded(env_, napi_create_string_utf8(env_, "fdmux", NAPI_AUTO_LENGTH, &name)) ||
        !succeeded(env_, napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, this,
                                                         deleteWaiter, this, deliver, &function_))) {
      return false;
    }
    unref();
    return true;
  }
  static void deleteWaiter(napi_env, void* data, void*) { delete static_cast<WaitThread*>(data); }

  // 0 or the errno.
  int startThread() {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    // Signals are for the threads that run JavaScript: the helper inherits a mask that blocks them all.
    sigset_t all, before;
    sigfillset(&all);
    error = pthread_attr_setstacksize(&attributes, kThreadStackBytes);
    if (error == 0) error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error == 0) {
      error = pthread_create(&thread_, &attributes, runHelper, this);
      pthread_sigmask(SIG_SETMASK, &before, nullptr);  // cannot fail with a mask that was in force
    }
    pthread_attr_destroy(&attributes);  // cannot fail on attributes that were initialized
    return error;
  }

  // Hands `spare_` over and gets the memory of an earlier arming back.
  void arm() {
    armed_serial_ = ++last_serial_;
    spare_.serial = armed_serial_;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::swap(next_, spare_);
      has_next_ = true;
      is_idle_ = false;
      callOut();
    }
  }

  // The helper waits on a duplicate: were the epoll fd closed by other code, its number might be an instance
  // that does not watch the eventfd, and nothing could call the helper back.
  bool joinEpoll(int epoll_fd) {
    UniqueFd duplicate(::fcntl(epoll_fd, F_DUPFD_CLOEXEC, 0));
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = callOutData(event_fd_.get());
    if (!duplicate.valid()) {
      throwSystemError(env_, errno, "fcntl", epoll_fd);
      return false;
    }
    if (::epoll_ctl(duplicate.get(), EPOLL_CTL_ADD, event_fd_.get(), &event) != 0) {
      throwSystemError(env_, errno, "epoll_ctl", epoll_fd);
      return false;
    }
    epoll_ = std::move(duplicate);
    return true;
  }
  void leaveEpoll() {
    if (!epoll_.valid()) return;
    (void)!::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, event_fd_.get(),
                       nullptr);  // it has been there since it joined
    epoll_ = UniqueFd();
  }

  static void endAtCleanup(void* data) { static_cast<WaitThread*>(data)->end(); }

  void end() {
    armed_serial_ = 0;
    waiters_.remove(id());
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_ending_ = true;
    }
    callOut();
    pthread_join(thread_, nullptr);  // cannot fail on a thread that is joined once
    leaveEpoll();
    event_fd_ = UniqueFd();  // here, because Deno runs no finalizer at the end of an environment
    // The finalizer deletes this object, at once or on a later turn of the loop.
    napi_release_threadsafe_function(function_, napi_tsfn_abort);
  }

  // Fails only if the counter is at its maximum, and then the helper has been called.
  void callOut() { (void)!::eventfd_write(event_fd_.get(), 1); }

  // In the owner's thread. Without an environment it is going down, and the waiter may be gone.
  static void deliver(napi_env env, napi_value, void* context, void* serial) {
    if (env == nullptr) return;
    auto* waiter = static_cast<WaitThread*>(context);
    if (waiter->armed_serial_ == 0 || waiter->armed_serial_ != reinterpret_cast<uintptr_t>(serial)) return;
    waiter->armed_serial_ = 0;
    waiter->waiters_.report(waiter->id());
  }

  static void* runHelper(void* data) {
    static_cast<WaitThread*>(data)->help();
    return nullptr;
  }

  void help() {
    Arming current;
    FdSets sets;
    while (takeNext(current)) {
      // An earlier arming was replaced before its report arrived: its findings count for this one.
      if (current.call != Call::kNone && hasFindings()) {
        report(current);
        continue;
      }
      std::vector<Finding> findings;
      const Outcome outcome = wait(current, sets, &findings);
      const bool has_news = outcome.error != 0 || !findings.empty();
      if (has_news) keep(current.call, std::move(findings), outcome.error);
      if (current.call != Call::kNone && (has_news || !outcome.is_called_out)) report(current);
    }
  }

  // An exception that left the thread would end the process, so a lack of memory is an error like others.
  Outcome wait(Arming& current, FdSets& sets, std::vector<Finding>* findings) {
    try {
      switch (current.call) {
        case Call::kSelect:
          return waitInSelect(current, event_fd_.get(), sets, findings);
        case Call::kEpoll:
          return waitInEpoll(current, event_fd_.get(), findings);
        case Call::kNone:
        case Call::kPoll:
          break;
      }
      return waitInPoll(current, event_fd_.get(), findings);
    } catch (const std::bad_alloc&) {
      findings->clear();
      return {false, ENOMEM};
    }
  }

  // For poll and select, only events that a second call would not find again.
  bool hasFindings() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (found_by_ != Call::kEpoll) {
      const auto is_found_again = [](const Finding& finding) { return !losesEvents(finding.second); };
      findings_.erase(std::remove_if(findings_.begin(), findings_.end(), is_found_again), findings_.end());
    }
    return error_ != 0 || !findings_.empty();
  }

  void keep(Call call, std::vector<Finding> findings, int error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    found_by_ = call;
    error_ = error;
    if (findings_.empty())
      findings_ = std::move(findings);
    else
      findings_.insert(findings_.end(), findings.begin(), findings.end());
  }

  // Leaves `current` as it is if nothing has changed. False if the thread is to end.
  bool takeNext(Arming& current) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Under the mutex, so that a caller of the helper may rely on the counter being 0 once the helper has
    // answered.
    eventfd_t calls;
    (void)!::eventfd_read(event_fd_.get(), &calls);  // empty if there was no call
    if (has_next_) {
      std::swap(current, next_);
      has_next_ = false;
      taken_.notify_one();
    }
    return !is_ending_;
  }

  // One report for one arming: the helper is idle afterwards, unless there is a new arming already.
  void report(Arming& done) {
    done.call = Call::kNone;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_idle_ = !has_next_;
    }
    // Fails only if the environment is going down.
    napi_call_threadsafe_function(function_, reinterpret_cast<void*>(done.serial), napi_tsfn_nonblocking);
  }

  // The owner's alone.
  const napi_env env_;
  Waiters& waiters_;
  napi_threadsafe_function function_ = nullptr;
  pthread_t thread_ = {};
  Arming spare_;
  uintptr_t last_serial_ = 0;
  uintptr_t armed_serial_ = 0;  // 0: nothing armed, no report wanted
  UniqueFd epoll_;              // the instance that watches the eventfd, if any

  UniqueFd event_fd_;
  std::mutex mutex_;
  std::condition_variable taken_;  // `next_`, by the helper
  Arming next_;
  bool has_next_ = false;
  bool is_idle_ = true;  // nothing armed: the helper waits for its eventfd alone
  bool is_ending_ = false;
  std::vector<Finding> findings_;
  Call found_by_ = Call::kNone;
  int error_ = 0;
};

namespace {

napi_value waitThreadOpen(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  if (!args.function(args[0], "dispatcher")) return nullptr;
  const WaitThread* waiter = WaitThread::open(env, args.environment().waiters, args[0]);
  return waiter == nullptr ? nullptr : makeNumber(env, waiter->id());
}

WaitThread* readWaitThread(const Reader& reader, napi_value value) {
  WaiterId id;
  if (!reader.uint32(value, "waiter", &id)) return nullptr;
  Waiter* waiter = reader.environment().waiters.find(id);
  WaitThread* thread = waiter == nullptr ? nullptr : waiter->asWaitThread();
  if (thread == nullptr) throwOutOfRange(reader.env(), "waiter", "an open wait thread", id);
  return thread;
}

napi_value waitThreadArmPoll(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  PollList list;
  if (thread != nullptr && readPollList(args, args[1], args[2], kPollFdWords, &list)) thread->armPoll(list);
  return nullptr;
}

napi_value waitThreadArmSelect(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  SelectList list;
  if (thread != nullptr && readSelectList(args, args[1], args[2], args[3], args[4], &list))
    thread->armSelect(list);
  return nullptr;
}

napi_value waitThreadArmEpoll(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  int epoll_fd;
  size_t max_events;
  if (thread == nullptr || !args.fd(args[1], "epollFd", &epoll_fd) ||
      !args.upTo(args[2], "maxEvents", kMaxEpollEvents, &max_events)) {
    return nullptr;
  }
  thread->armEpoll(epoll_fd, max_events);
  return nullptr;
}

const char* nameOf(Call call) {
  switch (call) {
    case Call::kSelect:
      return "select";
    case Call::kEpoll:
      return "epoll_wait";
    case Call::kNone:
    case Call::kPoll:
      break;
  }
  return "poll";
}

napi_value waitThreadTake(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  if (thread == nullptr) return nullptr;
  int error;
  Call call;
  const std::vector<Finding> findings = thread->take(&error, &call);
  if (error != 0) return throwSystemError(env, error, nameOf(call));
  void* memory = nullptr;
  napi_value buffer, words;
  const size_t bytes = findings.size() * sizeof(Finding);
  if (!succeeded(env, napi_create_arraybuffer(env, bytes, &memory, &buffer)) ||
      !succeeded(env,
                 napi_create_typedarray(env, napi_int32_array, bytes / sizeof(int32_t), buffer, 0, &words))) {
    return nullptr;
  }
  if (bytes > 0) std::memcpy(memory, findings.data(), bytes);
  return words;
}

napi_value waitThreadForget(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  int fd;
  if (thread != nullptr && args.fd(args[1], "fd", &fd)) thread->forget(fd);
  return nullptr;
}

napi_value waitThreadDisarm(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  if (WaitThread* thread = readWaitThread(args, args[0])) thread->disarm();
  return nullptr;
}

}  // namespace

void exportWaitThread(Exports& exports) {
  exports.function("waitThreadOpen", raw<waitThreadOpen>);
  exports.function("waitThreadArmPoll", raw<waitThreadArmPoll>);
  exports.function("waitThreadArmSelect", raw<waitThreadArmSelect>);
  exports.function("waitThreadArmEpoll", raw<waitThreadArmEpoll>);
  exports.function("waitThreadTake", raw<waitThreadTake>);
  exports.function("waitThreadForget", raw<waitThreadForget>);
  exports.function("waitThreadDisarm", raw<waitThreadDisarm>);
}

}  // namespace fdmux
