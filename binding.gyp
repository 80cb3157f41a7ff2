{
  "variables": {
    # 'address' (with undefined behaviour), 'thread' or 'none': GYP_DEFINES=sanitize=address node-gyp rebuild
    "sanitize%": "none",
  },
  "targets": [
    {
      "target_name": "fdmux",
      "sources": [
        "native/addon.cc",
        "native/address.cc",
        "native/args.cc",
        "native/batch.cc",
        "native/constants.cc",
        "native/control_values.cc",
        "native/datagram.cc",
        "native/datagram_batch.cc",
        "native/datagram_sends.cc",
        "native/descriptor.cc",
        "native/device.cc",
        "native/epoll.cc",
        "native/errors.cc",
        "native/event_fds.cc",
        "native/event_loss.cc",
        "native/file_control.cc",
        "native/file_offset.cc",
        "native/fanotify.cc",
        "native/inotify.cc",
        "native/interface.cc",
        "native/loop_watch.cc",
        "native/message.cc",
        "native/pid_fd.cc",
        "native/poll.cc",
        "native/relay.cc",
        "native/select.cc",
        "native/signal_fd.cc",
        "native/signal_relay.cc",
        "native/socket.cc",
        "native/socket_options.cc",
        "native/spawn.cc",
        "native/timer_fd.cc",
        "native/wait_thread.cc",
        "native/waiters.cc",
      ],
      "defines": [
        "NAPI_VERSION=8",
        "_GNU_SOURCE",
        "NODE_ADDON_API_CPP_EXCEPTIONS",
        # A worker that is being terminated takes no exception any more: not a reason to end the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      ],
      "include_dirs": [
        # The published package brings the headers of node-addon-api; a clone has the package itself.
        "native/node-addon-api",
        "<!(node -p \"try { require('node-addon-api').include_dir } catch { 'native/node-addon-api' }\")",
      ],
      "cflags": ["-Wall", "-Wextra", "-fvisibility=hidden", "-pthread"],
      "cflags!": ["-Wno-unused-parameter"],
      "cflags_cc": ["-std=gnu++17", "-fexceptions"],
      "cflags_cc!": ["-fno-exceptions"],
      "ldflags": [
        # A worker's end unmaps the addon while libuv still has a close callback of ours to run: stay mapped.
        "-Wl,-z,nodelete",
        "-Wl,-z,now",
        "-Wl,-z,relro",
        "-Wl,--version-script=<(module_root_dir)/native/exports.map",
        "-pthread",
      ],
      "conditions": [
        ["sanitize=='address'", {
          "cflags": ["-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-g", "-O1"],
          "cflags!": ["-O3"],
          "ldflags": ["-fsanitize=address,undefined"],
        }],
        ["sanitize=='thread'", {
          "cflags": ["-fsanitize=thread", "-fno-omit-frame-pointer", "-g", "-O1"],
          "cflags!": ["-O3"],
          "ldflags": ["-fsanitize=thread"],
        }],
      ],
    },
  ],
}
