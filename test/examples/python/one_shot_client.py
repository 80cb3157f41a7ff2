from wire import connected, say, typed

with connected() as peer:
    for line in typed("message? "):
        peer.sendall(line.encode())
        answer = peer.recv(1024)
        say(answer.decode())
        if not answer or b"good bye" in answer:
            break
