/** What happens to a server that everybody else must not notice, on one way of waiting or another. */
import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEADLINE_MS } from '../support/deadline.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { join, startServer, type Variant } from './chat-server.js';

/**
 * How much may be under way: less than a send queue and a receive queue hold, so that a slow machine does not make a
 * slow reader, or a flood.
 */
const MAX_LINES = 50;
const MAX_BYTES = 32_768;

/** Sends numbered lines and checks that a hearer gets all of them in order. */
export async function hearAll(speaker: Peer, hearer: Peer, count: number, text = ''): Promise<void> {
  const window = Math.min(MAX_LINES, Math.floor(MAX_BYTES / (text.length + 10)));
  for (let first = 0; first < count; first += window) {
    const end = Math.min(first + window, count);
    for (let number = first; number < end; number += 1) void speaker.write(`${number} ${text}\n`);
    for (let number = first; number < end; number += 1) {
      expect(await hearer.lineLike(/ say: /)).toContain(` say: ${number} ${text}`);
    }
  }
}

/** Tests how a server ends that is told to. */
export function describeSignals(variants: readonly Variant[]): void {
  describe.each(variants)('a signal on $backend, $trigger-triggered', ({ backend, trigger }) => {
    test.each(['SIGINT', 'SIGTERM'] as const)('%s: clients hear it, and the port is free at once', async (signal) => {
      const server = await startServer(['--backend', backend, '--trigger', trigger]);
      const ann = await join(server);
      const startedMs = performance.now();
      server.process.kill(signal);
      expect(await ann.line()).toMatch(/ server: the server is shutting down$/);
      await ann.ended();
      expect(await server.process.ended()).toMatchObject({ code: 0, stderr: '' });
      expect(performance.now() - startedMs).toBeLessThan(DEADLINE_MS);
      const next = startCli(['serve', '--plain-port', String(server.plainPort), '--no-irc']);
      await next.line('Ctrl-C ends the server.');
    });
  });
}

/** Tests how a server goes on. */
export function describeBadDays(variants: readonly Variant[]): void {
  describe.each(variants)('bad days on $backend, $trigger-triggered', ({ backend, trigger }) => {
    const args = ['--backend', backend, '--trigger', trigger];

    test('peers that reset in mid-line, vanish or half-close leave the others undisturbed', async () => {
      const server = await startServer(args);
      const ann = await join(server);
      const bob = await join(server, ann);
      for (let round = 0; round < 20; round += 1) {
        const resetting = await connectPeer(server.plainPort);
        await resetting.write('half a li');
        resetting.reset();
        (await connectPeer(server.plainPort)).destroy();
        (await connectPeer(server.plainPort)).end();
      }
      await hearAll(ann, bob, 50);
      expect(server.process.stderr).toBe('');
    });

    test('five hundred peers at once hear one another', async () => {
      const server = await startServer(args);
      const peers = await Promise.all(Array.from({ length: 500 }, () => connectPeer(server.plainPort)));
      const [speaker, ...hearers] = peers;
      if (speaker === undefined) throw new Error('no peer');
      // A peer that somebody hears is in the room.
      const last = hearers.at(-1);
      await last?.write('here\n');
      await speaker.lineLike(/ say: here$/);
      await speaker.write('hello, everybody\n');
      const heard = await Promise.all(hearers.map((peer) => peer.lineLike(/hello, everybody$/)));
      expect(heard).toHaveLength(499);
    }, 30_000);

    test('a peer that does not read slows nobody, and gets every line when it reads again', async () => {
      const server = await startServer(args);
      const deaf = await connectPeer(server.plainPort);
      deaf.socket.pause();
      const ann = await join(server);
      const bob = await join(server, ann);
      // More than the kernel's buffers and the send queue of one peer hold.
      const text = 'z'.repeat(6000);
      await hearAll(ann, bob, 3000, text);
      await server.process.errorText(/slow reader /);
      deaf.socket.resume();
      for (let number = 0; number < 3000; number += 1) {
        expect(await deaf.lineLike(/ say: /)).toContain(` say: ${number} ${text}`);
      }
      await deaf.write('I am back\n');
      await ann.lineLike(/ say: I am back$/);
      expect(server.process.stderr).not.toContain('closed');
    }, 60_000);

    test('if rooms keep nothing, a peer that never reads is closed with a logged reason', async () => {
      const config = joinPath(temporaryFolder(), 'fdmux.json');
      writeFileSync(config, JSON.stringify({ keptEntriesPerRoom: 0 }));
      const server = await startServer([...args, '--config', config]);
      const deaf = await connectPeer(server.plainPort);
      deaf.socket.pause();
      const ann = await join(server);
      const bob = await join(server, ann);
      // More than the kernel's buffers and the send queue of one peer hold.
      await hearAll(ann, bob, 3000, 'z'.repeat(6000));
      const [, reason] = await server.process.errorText(/slow reader closed.*reason="(.*)"/);
      expect(reason).toContain('Max SendQ exceeded');
      await ann.lineLike(/ left \(Max SendQ exceeded/);
    }, 30_000);
  });
}
