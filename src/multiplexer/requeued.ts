/** The registrations that the next wait reports without asking the kernel: those whose drain stopped at its budget. */
import type { ReadySink } from './backend.js';
import type { RegistrationRecord } from './registration-record.js';

export class Requeued<T> {
  #records: RegistrationRecord<T>[] = [];

  get length(): number {
    return this.#records.length;
  }

  /** Puts a registration at the end, unless it is in the queue already. */
  push(record: RegistrationRecord<T>, events: number): void {
    if (record.queuedEvents === 0) this.#records.push(record);
    record.queuedEvents = events;
  }

  clear(): void {
    this.#records.length = 0;
  }

  /** Call it before the kernel is asked: records with events afterwards are those that the kernel has reported. */
  forgetEvents(): void {
    for (const record of this.#records) record.events = 0;
  }

  /** Appends those that the kernel has not just reported. @returns how many there were */
  moveTo(ready: ReadySink<RegistrationRecord<T>>): number {
    const records = this.#records;
    this.#records = [];
    for (const record of records) {
      const events = record.queuedEvents;
      record.queuedEvents = 0;
      // A record without events was paused or unregistered meanwhile.
      if (events === 0 || record.events !== 0) continue;
      record.events = events;
      ready.push(record);
    }
    return records.length;
  }
}
