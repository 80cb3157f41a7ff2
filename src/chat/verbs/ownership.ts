/** Nicks that belong to accounts. */
import type { DomainOutcomes } from '../domain-deeds.js';
import type { Member } from '../member.js';
import { stateOf } from '../member-state.js';
import { outletsOf } from '../outlets.js';
import type { Answer } from '../ticket.js';
import { setTrait } from './profile.js';
import type { Scene } from './scene.js';

/** The most nicks of one entry. */
const NICKS_PER_ENTRY = 1_000;

/** Reserves the nicks of accounts, or (if `on` is false) releases them. */
export function reserve({ core }: Scene, accounts: readonly string[], on: boolean): void {
  const { steward, domain } = core;
  // If several processes share the log, another one may have reserved them already.
  const news = accounts.filter((account) => domain.fold.isOwned(account) !== on);
  for (let at = 0; at < news.length; at += NICKS_PER_ENTRY) {
    const some = news.slice(at, at + NICKS_PER_ENTRY);
    domain.oblige<'reserve'>(steward, { kind: 'reserve', accounts: some, on, ...core.stamp(domain, steward) });
  }
}

/** Releases the nick of an account: the account has been erased, wherever its members are. */
export function release({ core }: Scene, account: string): void {
  const { domain, steward } = core;
  domain.oblige<'erase'>(steward, { kind: 'erase', account, ...core.stamp(domain, steward) });
}

/** Members of this process whose account has been erased do not stay when nobody is connected for them. */
export function forget(scene: Scene, account: string): void {
  const { core, directory } = scene;
  const { fold } = directory;
  for (const member of [...directory.members()]) {
    if (!member.isLocal || member.account === null || fold(member.account) !== fold(account)) continue;
    if (member.traits.has('always-on')) setTrait(scene, member, 'always-on', false);
    const isConnected = (core.domain.fold.presencesOf(member)?.size ?? 0) > 0;
    if (outletsOf(member.outlet).length === 0 && !isConnected) core.quit(member, 'Account erased');
  }
}

/** Removes the member that uses the nick of an account. @param account - that of the member who asks */
export function ghost({ core }: Scene, who: Member, nick: string, account: string): Answer<DomainOutcomes['ghost']> {
  const by = stateOf(who);
  return core.domain.propose<'ghost'>(by, { kind: 'ghost', nick, account, ...core.stamp(core.domain, by) });
}
