/** The recording that the timeline draws, docs/learn/timeline.json. */

/** What has happened, and what a wait then found. */
export interface Step {
  readonly action: string;
  readonly text: string;
  /** How many bytes are left in the receive buffer. */
  readonly unread: number;
  /** Whether the wait reported the connection, for each trigger. */
  readonly reports: readonly boolean[];
}

export interface Story {
  readonly title: string;
  readonly lead: string;
  readonly steps: readonly Step[];
}

export interface Recording {
  readonly triggers: readonly string[];
  readonly stories: readonly Story[];
  /** What may be done by hand. */
  readonly choices: readonly { readonly action: string; readonly text: string }[];
  /**
   * The answers for every order of the choices, in two characters each: which triggers report, as a hexadecimal digit,
   * and the unread bytes, to base 36; `--` if it cannot be done. In `levels[k]`, the order of `k + 1` choices is a
   * number whose digits are the choices.
   */
  readonly levels: readonly string[];
}

/** The site is built with its recording, so that a look at its outline is enough. */
function isRecording(value: unknown): value is Recording {
  return typeof value === 'object' && value !== null && 'stories' in value && 'levels' in value;
}

/** @throws Error if it cannot be loaded */
export async function loadRecording(url: string): Promise<Recording> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const recording: unknown = await response.json();
  if (!isRecording(recording)) throw new Error(`${url} is no recording`);
  return recording;
}

/** The last step of an order of choices; null if it was not recorded or cannot be done. */
export function answerTo({ triggers, choices, levels }: Recording, order: readonly number[]): Step | null {
  const index = order.reduce((number, choice) => number * choices.length + choice, 0);
  const [mask = '-', unread = '-'] = levels[order.length - 1]?.slice(2 * index, 2 * index + 2) ?? '--';
  const choice = choices[order.at(-1) ?? 0];
  if (mask === '-' || choice === undefined) return null;
  return {
    ...choice,
    unread: parseInt(unread, 36),
    reports: triggers.map((_trigger, bit) => (parseInt(mask, 16) & (1 << bit)) !== 0),
  };
}
