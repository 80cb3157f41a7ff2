/**
 * Step 4: a chat that no slow reader holds up. What the kernel's send buffer does not take waits here, and the wait
 * reports when there is room again. docs/learn/4-buffers.md
 */
import type { Socket } from 'fdmux';
import { Multiplexer, type Registration } from 'fdmux';
import { LineSplitter } from '../support/line-splitter.js';
import { openListener } from '../support/listener.js';
import { print } from '../support/print.js';

/** A member that is further behind than this is closed: its lines would fill the memory instead. */
const MAX_PENDING_BYTES = 1024 * 1024;

const mux = new Multiplexer();
const members = new Set<Member>();
const listener = openListener(Number(process.argv[2] ?? 7100));
let joined = 0;

class Member {
  readonly number = (joined += 1);
  readonly #splitter = new LineSplitter();
  readonly #socket: Socket;
  readonly #registration: Registration;
  readonly #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#registration = mux.register(socket, { interest: 'read', onReady: (ready) => this.#serve(ready) });
  }

  send(text: string): void {
    const bytes = Buffer.from(text);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pending.length === 1) this.#flush();
    if (this.#pendingBytes > MAX_PENDING_BYTES) this.leave('was too slow');
  }

  leave(reason: string): void {
    if (!members.delete(this)) return;
    this.#registration.unregister();
    this.#socket.close();
    tell(this, `${this.number} ${reason}`);
  }

  #serve({ isReadable, isWritable }: Registration): void {
    try {
      if (isWritable) this.#flush();
      const bytes = isReadable ? this.#socket.recv(4096) : null;
      if (bytes?.length === 0) this.leave('has left');
      else if (bytes !== null) for (const line of this.#splitter.split(bytes)) tell(this, `${this.number}: ${line}`);
    } catch (error) {
      this.leave(`is gone: ${String(error)}`);
    }
  }

  /** Sends what the kernel takes. Only the rest needs to know when there is room, or the wait would never wait. */
  #flush(): void {
    try {
      for (let bytes = this.#pending[0]; bytes !== undefined; bytes = this.#pending[0]) {
        const sent = this.#socket.send(bytes);
        if (sent === null) break;
        this.#pendingBytes -= sent;
        if (sent < bytes.length) this.#pending[0] = bytes.subarray(sent);
        else this.#pending.shift();
      }
      const interest = this.#pending.length > 0 ? 'read-write' : 'read';
      if (interest !== this.#registration.interest) this.#registration.modify({ interest });
    } catch {
      this.#pending.length = 0; // It has vanished; its socket is readable and says so.
    }
  }
}

function tell(from: Member, text: string): void {
  print(text);
  for (const member of [...members]) if (member !== from) member.send(`${text}\n`);
}

mux.register(listener, {
  interest: 'read',
  onReady: () => {
    const client = listener.accept();
    if (client === null) return;
    const member = new Member(client.socket);
    members.add(member);
    tell(member, `${member.number} has joined`);
  },
});
mux.runSync(() => undefined);
