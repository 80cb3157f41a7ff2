/** The reports of logs as plain data, for a recording. */
import { decodePack, encodePack, type Unreadable } from '../../log/codec.js';
import type { Pack } from '../../log/entry.js';
import { choice, oneOf, record, text, whole } from '../../log/shape.js';
import type { AppendAnswer, AppendFailure, LogSink } from '../../log/shared-log.js';

/** The end of an append. */
export type AppendReport =
  { readonly kind: 'appended'; readonly seq: number } | { readonly kind: 'failed'; readonly why: AppendFailure };

/** A report about several packs. */
interface Range<Kind> {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
}

/** A report without any details. */
interface Moment<Kind> {
  readonly kind: Kind;
}

/** A report of a followed log. */
export type LogReport =
  /** The pack of an append that is under way here, by its number among the appends. */
  | { readonly kind: 'own'; readonly seq: number; readonly append: number }
  /** Any other pack, as its bytes say it. */
  | { readonly kind: 'pack'; readonly seq: number; readonly body: string }
  | { readonly kind: 'unreadable'; readonly seq: number; readonly why: Unreadable }
  | Range<'missing'>
  | Range<'lost'>
  | Range<'restored'>
  | { readonly kind: 'regressed'; readonly applied: number; readonly top: number; readonly again: number }
  | Moment<'caught-up'>
  | Moment<'away'>
  | Moment<'back'>;

const number = whole(0);

/** Whether a recorded value is the end of an append. */
export const isAppendReport = choice<AppendReport>({
  appended: record({ kind: oneOf('appended'), seq: number }),
  failed: record({ kind: oneOf('failed'), why: oneOf<AppendFailure>('unknown', 'invalid', 'closed') }),
});

/** Whether a recorded value is a report of a followed log. */
export const isLogReport = choice<LogReport>({
  own: record({ kind: oneOf('own'), seq: number, append: number }),
  pack: record({ kind: oneOf('pack'), seq: number, body: text(Infinity) }),
  unreadable: record({
    kind: oneOf('unreadable'),
    seq: number,
    why: choice<Unreadable>({
      malformed: record({ kind: oneOf('malformed') }),
      'too-large': record({ kind: oneOf('too-large') }),
      'unknown-version': record({ kind: oneOf('unknown-version'), version: number }),
    }),
  }),
  missing: record({ kind: oneOf('missing'), from: number, to: number }),
  lost: record({ kind: oneOf('lost'), from: number, to: number }),
  restored: record({ kind: oneOf('restored'), from: number, to: number }),
  regressed: record({ kind: oneOf('regressed'), applied: number, top: number, again: number }),
  'caught-up': record({ kind: oneOf('caught-up') }),
  away: record({ kind: oneOf('away') }),
  back: record({ kind: oneOf('back') }),
});

/** Returns an answer that reports how an append ends. */
export function reportingAnswer(put: (report: AppendReport) => void): AppendAnswer {
  return {
    appended: (seq) => {
      put({ kind: 'appended', seq });
    },
    failed: (why) => {
      put({ kind: 'failed', why });
    },
  };
}

/**
 * Returns a sink that reports what a log delivers.
 *
 * @param appendOf - returns the number of the append under way that has made a pack; undefined if none has
 */
export function reportingSink(
  put: (report: LogReport) => void,
  appendOf: (entries: Pack) => number | undefined,
): LogSink {
  return {
    pack: (seq, entries) => {
      const append = appendOf(entries);
      put(append === undefined ? { kind: 'pack', seq, body: bodyOf(entries) } : { kind: 'own', seq, append });
    },
    unreadable: (seq, why) => {
      put({ kind: 'unreadable', seq, why });
    },
    missing: (from, to) => {
      put({ kind: 'missing', from, to });
    },
    regressed: (applied, top, again = 0) => {
      put({ kind: 'regressed', applied, top, again });
    },
    lost: (from, to) => {
      put({ kind: 'lost', from, to });
    },
    restored: (from, to) => {
      put({ kind: 'restored', from, to });
    },
    caughtUp: () => {
      put({ kind: 'caught-up' });
    },
    away: () => {
      put({ kind: 'away' });
    },
    back: () => {
      put({ kind: 'back' });
    },
  };
}

function bodyOf(entries: Pack): string {
  const encoded = encodePack(entries);
  // It comes from a log, so it has been encoded before.
  return encoded.kind === 'bytes' ? Buffer.from(encoded.bytes).toString('utf8') : '';
}

/**
 * Delivers a report to a sink.
 *
 * @param packOf - returns the pack of an append by its number; undefined if there is none
 */
export function deliver(report: LogReport, sink: LogSink, packOf: (append: number) => Pack | undefined): void {
  switch (report.kind) {
    case 'own': {
      const entries = packOf(report.append);
      if (entries === undefined) throw new Error(`append ${report.append} is not under way`);
      sink.pack(report.seq, entries);
      return;
    }
    case 'pack': {
      const decoded = decodePack(Buffer.from(report.body, 'utf8'));
      if (decoded.kind === 'pack') sink.pack(report.seq, decoded.entries);
      else sink.unreadable(report.seq, decoded);
      return;
    }
    case 'unreadable':
      sink.unreadable(report.seq, report.why);
      return;
    case 'missing':
      sink.missing(report.from, report.to);
      return;
    case 'lost':
      sink.lost?.(report.from, report.to);
      return;
    case 'restored':
      sink.restored?.(report.from, report.to);
      return;
    case 'regressed':
      sink.regressed(report.applied, report.top, report.again);
      return;
    case 'caught-up':
      sink.caughtUp();
      return;
    case 'away':
      sink.away();
      return;
    case 'back':
      sink.back();
  }
}

/** Returns the number of the last pack that a follower has received after a report. */
export function appliedAfter(report: LogReport, applied: number): number {
  switch (report.kind) {
    case 'own':
    case 'pack':
    case 'unreadable':
      return report.seq;
    case 'missing':
      return report.to;
    case 'regressed':
      return report.top;
    default:
      return applied;
  }
}
