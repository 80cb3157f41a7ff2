/** What differs between the connections of one member. */
import type { Privilege, Who } from '../log/entry.js';
import type { Outlet } from './member.js';

/** The facts about the outlets of a member that is not the same at all of them. */
export class DeviceState {
  /** The outlets that nobody is at, and why. */
  readonly absences = new Map<Outlet, string>();
  /** The privileges of an operator, by the outlet through which their password was given. */
  readonly rights = new Map<Outlet, readonly Privilege[]>();
  /** Whether it may be somewhere else by now than where it has arrived from. */
  hasMoved = false;
  /** What it is known by where it acts at the moment; null if that is what it is known by everywhere. */
  acting: Who | null = null;

  forget(outlet: Outlet): void {
    this.absences.delete(outlet);
    this.rights.delete(outlet);
  }
}
