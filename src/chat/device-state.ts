/** The facts that differ between the connections of one member. */
import type { Privilege, Who } from '../log/entry.js';
import type { Outlet } from './member.js';

/** The facts about the outlets of a member that differs between them. */
export class DeviceState {
  /** The outlets at which nobody is present, and why. */
  readonly absences = new Map<Outlet, string>();
  /** The privileges of an operator, by the outlet through which the password was given. */
  readonly rights = new Map<Outlet, readonly Privilege[]>();
  /** Whether it may by now be connected from somewhere else than where it arrived from. */
  hasMoved = false;
  /** The session through which this node acts for a member of another node; null if nobody is connected for it here. */
  branch: string | null = null;
  /** Its identity where it currently acts; null if it is the same as everywhere. */
  acting: Who | null = null;

  forget(outlet: Outlet): void {
    this.absences.delete(outlet);
    this.rights.delete(outlet);
  }
}
