"""A room on select: what one says, the others get, without an end of line."""
import queue
import select
import time

from wire import listening, say

server = listening(10)
server.setblocking(False)
readers, writers, waiting, names = [server], [], {}, {}


def leave(peer):
    say(names[peer], "has left")
    readers.remove(peer)
    if peer in writers:
        writers.remove(peer)
    del waiting[peer], names[peer]
    peer.close()


while True:
    readable, writable, _ = select.select(readers, writers, readers, 10)
    for peer in readable:
        if peer is server:
            guest, address = server.accept()
            readers.append(guest)
            waiting[guest], names[guest] = queue.Queue(), str(address)
            say(address, "has come")
            continue
        try:
            data = peer.recv(1024)
        except OSError:
            data = b""
        if data:
            waiting[peer].put(f"{time.strftime('%F %T')} {names[peer]} say: {data.decode()}")
            if peer not in writers:
                writers.append(peer)
        else:
            leave(peer)
    for peer in writable:
        if peer not in waiting:
            continue
        if waiting[peer].empty():
            writers.remove(peer)
        else:
            message = waiting[peer].get().encode()
            for other in names:
                if other is not peer:
                    other.sendall(message)
