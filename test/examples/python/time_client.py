from wire import connected, say, typed

with connected() as peer:
    for line in typed("> "):
        if not line:
            break
        peer.send(line.encode())
        answer = peer.recv(1024)
        if not answer:
            break
        say(answer.decode())
