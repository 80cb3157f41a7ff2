from wire import connected, say, typed

with connected() as peer:
    for line in typed("command? "):
        peer.sendall(line.encode())
        say(f"[{peer.recv(1024).decode()}]")
