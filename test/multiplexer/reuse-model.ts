/** Random changes of registrations and fds, compared with a model of what the kernel must report. */
import { expect } from 'vitest';
import { native } from '../../src/binding/load.js';
import type { BackendName, Trigger } from '../../src/multiplexer/backend.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import type { Registration } from '../../src/multiplexer/registration.js';
import { disposedAtEnd } from '../support/fds.js';
import { seeded } from '../support/random.js';
import { VARIANTS } from './variants.js';

/** Each backend with each trigger; a synchronous wait has no waiter. */
export const WAYS = VARIANTS.filter(({ waiter }) => waiter === 'thread');

const MAX_LIVE = 40;
const MAX_ORPHANS = 4;
const BYTE = Uint8Array.of(1);
const [AF_UNIX, SOCK_STREAM] = [1, 1];

/** A pair of sockets: one end is registered, the other one writes to it. */
interface Thing {
  readonly fd: number;
  readonly peer: number;
  /** Bytes that nobody has read yet. */
  bytes: number;
  /** Something has arrived, or it was armed again, since the last report. */
  isNews: boolean;
  /** Since the last report, for the one-shot triggers. */
  isArmed: boolean;
  isPaused: boolean;
}

class Model {
  readonly #trigger: Trigger;
  readonly #random: (limit: number) => number;
  readonly #mux: Multiplexer<Thing>;
  readonly #live = new Map<Registration<Thing>, Thing>();
  /** Duplicates, whose open file descriptions stay ready without a registered number, and their peers. */
  readonly #orphans: (readonly [fd: number, peer: number])[] = [];
  readonly #buffer = new Uint8Array(64);

  constructor(backend: BackendName, trigger: Trigger, seed: number) {
    const random = seeded(seed);
    this.#trigger = trigger;
    this.#random = (limit) => Math.floor(random() * limit);
    this.#mux = disposedAtEnd(new Multiplexer<Thing>({ backend }));
  }

  /** Makes one random change, then compares the report with the model. @returns how many events were reported */
  step(): number {
    const registrations = [...this.#live.keys()];
    const chosen = registrations[this.#random(registrations.length)];
    const choice = this.#random(10);
    if (choice < 3 && this.#live.size < MAX_LIVE) this.#open();
    else if (chosen !== undefined) this.#change(chosen, choice);
    return this.#compare();
  }

  close(): void {
    for (const registration of [...this.#live.keys()]) this.#closeInOrder(registration);
    while (this.#orphans.length > 0) this.#closeOrphan();
  }

  #open(): void {
    const [fd, peer] = native.socketPair(AF_UNIX, SOCK_STREAM, 0, true);
    const thing = { fd, peer, bytes: 0, isNews: false, isArmed: true, isPaused: false };
    this.#live.set(this.#mux.register(fd, { interest: 'read', trigger: this.#trigger, data: thing }), thing);
  }

  #change(registration: Registration<Thing>, choice: number): void {
    const { data } = registration;
    if (choice < 5) this.#write(data);
    else if (choice === 5) this.#drain(data);
    else if (choice === 6) this.#remove(registration);
    else if (choice === 7) this.#togglePause(registration);
    else if (choice === 8) this.#rearm(registration);
    else if (this.#orphans.length >= MAX_ORPHANS) this.#closeOrphan();
  }

  #write(thing: Thing): void {
    native.write(thing.peer, BYTE, 0, 1);
    thing.bytes += 1;
    thing.isNews = true;
  }

  #drain(thing: Thing): void {
    while (native.read(thing.fd, this.#buffer, 0, this.#buffer.length) > 0);
    thing.bytes = 0;
    thing.isNews = false;
  }

  #togglePause(registration: Registration<Thing>): void {
    const { data } = registration;
    if (data.isPaused) registration.resume();
    else registration.pause();
    data.isPaused = !data.isPaused;
    if (!data.isPaused) this.#armed(data);
  }

  #rearm(registration: Registration<Thing>): void {
    if (registration.data.isPaused) return;
    registration.rearm();
    if (this.#trigger !== 'level') this.#armed(registration.data);
  }

  /** Arming makes the kernel look again: unread bytes are news. */
  #armed(thing: Thing): void {
    thing.isArmed = true;
    thing.isNews = thing.bytes > 0;
  }

  #remove(registration: Registration<Thing>): void {
    const way = this.#random(4);
    if (way === 0) this.#leaveDuplicate(registration);
    else if (way === 1) this.#closeBehind(registration);
    else this.#closeInOrder(registration);
  }

  #closeInOrder(registration: Registration<Thing>): void {
    const { fd, peer } = registration.data;
    registration.unregister();
    native.close(fd);
    native.close(peer);
    this.#live.delete(registration);
  }

  /** The description stays open, and ready, after its number is free. */
  #leaveDuplicate(registration: Registration<Thing>): void {
    const { fd, peer } = registration.data;
    this.#orphans.push([native.duplicate(fd), peer]);
    native.write(peer, BYTE, 0, 1);
    registration.unregister();
    native.close(fd);
    this.#live.delete(registration);
  }

  /**
   * The fd is closed first: another file may have its number by the time it is unregistered, and a duplicate may keep
   * the description in the kernel's own set, under a number that the next registration gets.
   */
  #closeBehind(registration: Registration<Thing>): void {
    const { fd, peer } = registration.data;
    const duplicate = this.#random(2) === 0 ? undefined : native.duplicate(fd);
    if (duplicate !== undefined) native.write(peer, BYTE, 0, 1);
    native.close(fd);
    const successor = this.#random(2) === 0 ? undefined : native.eventFd(1);
    registration.unregister();
    if (successor !== undefined) native.close(successor);
    if (duplicate === undefined) native.close(peer);
    else this.#orphans.push([duplicate, peer]);
    this.#live.delete(registration);
  }

  #closeOrphan(): void {
    const [orphan] = this.#orphans.splice(this.#random(this.#orphans.length), 1);
    for (const fd of orphan ?? []) native.close(fd);
  }

  #mustReport({ bytes, isNews, isArmed, isPaused }: Thing): boolean {
    if (isPaused || bytes === 0) return false;
    switch (this.#trigger) {
      case 'level':
        return true;
      case 'edge':
        return isNews;
      case 'oneshot':
        return isArmed;
      case 'edge-oneshot':
        return isArmed && isNews;
    }
  }

  #compare(): number {
    const wanted = new Set([...this.#live.values()].filter((thing) => this.#mustReport(thing)));
    const reported = new Set<Thing>();
    for (const registration of this.#mux.waitSync(0)) {
      const thing = registration.data;
      if (this.#live.get(registration) !== thing) expect.fail(`fd ${thing.fd} is reported after its end`);
      reported.add(thing);
      thing.isNews = false;
      thing.isArmed = false;
    }
    expect(new Set([...reported].map(({ fd }) => fd))).toEqual(new Set([...wanted].map(({ fd }) => fd)));
    return reported.size;
  }
}

/** Takes `steps` random steps on a backend with a trigger, and compares each with the model. */
export function holdAgainstModel(backend: BackendName, trigger: Trigger, seed: number, steps: number): void {
  const model = new Model(backend, trigger, seed);
  let reports = 0;
  try {
    for (let step = 0; step < steps; step += 1) reports += model.step();
  } finally {
    model.close();
  }
  expect(reports).toBeGreaterThan(steps / 10);
}
