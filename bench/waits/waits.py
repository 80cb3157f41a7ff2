"""The cost of a wait in CPython's select module: `waits.py CALL COUNT SECONDS [threads]`, as waits.c."""
import os
import select
import sys
import threading
import time

call, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
if len(sys.argv) > 4:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
fds = [os.eventfd(1 if call == "ready" or i == count - 1 else 0, os.EFD_NONBLOCK) for i in range(count)]
data = {fd: index + 1 for index, fd in enumerate(fds)}

if call in ("ready", "epoll"):
    poller = select.epoll()
    for fd in fds:
        poller.register(fd, select.EPOLLIN)

    def wait():
        total = 0
        for fd, events in poller.poll(0, len(fds) or 1):
            if events & select.EPOLLIN:
                total += data[fd]
        return total

elif call == "poll":
    poller = select.poll()
    for fd in fds:
        poller.register(fd, select.POLLIN)

    def wait():
        total = 0
        for fd, _ in poller.poll(0):
            total += fd
        return total

else:

    def wait():
        total = 0
        readable, _, _ = select.select(fds, [], [], 0)
        for fd in readable:
            total += fd
        return total


calls = 0
start = end = time.process_time()
while end - start < seconds:
    for _ in range(100):
        wait()
    calls += 100
    end = time.process_time()
print(f"{(end - start) * 1e9 / calls:.1f}")
