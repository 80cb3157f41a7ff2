#include "waiters.h"

#include <cerrno>
#include <new>

#include "args.h"
#include "environment.h"
#include "exports.h"

namespace fdmux {
namespace {

// The open waiter that the first argument names.
Waiter* readWaiter(const Arguments<1>& args) {
  WaiterId id;
  if (!args.uint32(args[0], "waiter", &id)) return nullptr;
  Waiter* waiter = args.environment().waiters.find(id);
  if (waiter == nullptr) throwOutOfRange(args.env(), "waiter", "an open waiter", id);
  return waiter;
}

napi_value waiterRef(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  if (Waiter* waiter = readWaiter(args)) waiter->ref();
  return nullptr;
}

napi_value waiterUnref(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  if (Waiter* waiter = readWaiter(args)) waiter->unref();
  return nullptr;
}

napi_value waiterClose(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  WaiterId id;
  if (!args.uint32(args[0], "waiter", &id)) return nullptr;
  const Waiters& waiters = args.environment().waiters;
  if (!waiters.wasIssued(id)) return throwOutOfRange(env, "waiter", "a waiter of this environment", id);
  if (Waiter* waiter = waiters.find(id)) waiter->close();
  return nullptr;
}

napi_value fatalException(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  // Fails only if the environment is going down.
  napi_fatal_exception(env, args[0]);
  return nullptr;
}

}  // namespace

// Their own cleanup hooks have closed the waiters by now, unless the runtime ran none.
Waiters::~Waiters() {
  for (const auto& [id, open] : open_) napi_delete_reference(env_, open.dispatcher);  // fails only on null
}

bool Waiters::add(Waiter* waiter, napi_value dispatcher) {
  napi_ref reference;
  if (!succeeded(env_, napi_create_reference(env_, dispatcher, 1, &reference))) return false;
  try {
    open_.emplace(waiter->id(), Open{waiter, reference});
    return true;
  } catch (const std::bad_alloc&) {
    napi_delete_reference(env_, reference);  // fails only on null
    throwSystemError(env_, ENOMEM, "malloc");
    return false;
  }
}

void Waiters::remove(WaiterId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  napi_delete_reference(env_, found->second.dispatcher);  // fails only on null
  open_.erase(found);
}

void Waiters::reportFromLoop(WaiterId id, uint32_t found) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  call(id, found, Entry::kFromLoop);
  napi_close_handle_scope(env_, scope);
}

void Waiters::report(WaiterId id) { call(id, 0, Entry::kFromRuntime); }

void Waiters::call(WaiterId id, uint32_t found, Entry entry) {
  const auto open = open_.find(id);
  if (open == open_.end()) return;
  napi_value dispatcher, global, arguments[2];
  // Each fails only if the environment is going down, and then there is no one left to report to.
  if (napi_get_reference_value(env_, open->second.dispatcher, &dispatcher) != napi_ok ||
      napi_get_global(env_, &global) != napi_ok || napi_create_uint32(env_, id, &arguments[0]) != napi_ok ||
      napi_create_uint32(env_, found, &arguments[1]) != napi_ok) {
    return;
  }
  const napi_status status =
      entry == Entry::kFromLoop ? napi_make_callback(env_, nullptr, global, dispatcher, 2, arguments, nullptr)
                                : napi_call_function(env_, global, dispatcher, 2, arguments, nullptr);
  if (status != napi_pending_exception) return;
  // The dispatcher has broken its promise. Left pending, its exception would make every later call fail.
  napi_value exception;
  if (napi_get_and_clear_last_exception(env_, &exception) == napi_ok) napi_fatal_exception(env_, exception);
}

void exportWaiters(Exports& exports) {
  exports.function("waiterRef", raw<waiterRef>);
  exports.function("waiterUnref", raw<waiterUnref>);
  exports.function("waiterClose", raw<waiterClose>);
  exports.function("fatalException", raw<fatalException>);
}

}  // namespace fdmux
