/**
 * Records what each trigger reports, step by step, into docs/learn/timeline.json: node scripts/record-timeline.mjs. The
 * timeline of docs/learn draws this recording, so it shows what the kernel did. `--check` records again and compares;
 * without it, the table in the page is rewritten as well.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { at } from './lib/paths.mjs';
import { Problem, runMain } from './lib/progress.mjs';

const { MSG_PEEK, Multiplexer, Socket } = createRequire(import.meta.url)(at('dist/index.js'));

const RECORDING = at('docs/learn/timeline.json');
const PAGE = at('docs/learn/5-level-edge-one-shot.md');
const TRIGGERS = ['level', 'edge', 'oneshot', 'edge-oneshot'];
const MANY_BYTES = 100_000;

/** The events of a connection, and their words in the story. */
const ACTIONS = {
  nothing: { text: 'nothing happens', act: () => undefined },
  'arrive-4': { text: '4 bytes arrive', act: ({ writer }) => writer.send('1234') },
  'read-2': { text: '2 bytes are read', act: ({ reader }) => reader.recv(2) },
  'read-all': {
    text: 'read until it would block',
    act: ({ reader }) => {
      for (let bytes = reader.recv(3); bytes !== null && bytes.length > 0;) bytes = reader.recv(3);
    },
  },
  rearm: { text: 'rearm()', act: ({ registration }) => registration.rearm() },
  close: { text: 'the writer closes', act: ({ writer }) => writer.close() },
};

/** The stories that the timeline tells. */
const STORIES = [
  {
    id: 'part',
    title: 'Read in part',
    lead: 'Edge mode does not report what a read has left behind. Level mode does, until it is gone.',
    steps: ['nothing', 'arrive-4', 'nothing', 'read-2', 'nothing', 'arrive-4', 'nothing', 'read-all', 'nothing'],
  },
  {
    id: 'drain',
    title: 'Read until it would block',
    lead: 'A reader that drains sees every arrival in every mode that reports more than once.',
    steps: ['arrive-4', 'read-all', 'nothing', 'arrive-4', 'read-all', 'arrive-4', 'read-all', 'nothing'],
  },
  {
    id: 'rearm',
    title: 'One-shot and rearm()',
    lead: 'A one-shot registration reports once. rearm() makes it report what is there, if anything is.',
    steps: ['arrive-4', 'arrive-4', 'rearm', 'nothing', 'read-all', 'rearm', 'arrive-4', 'nothing'],
  },
  {
    id: 'end',
    title: 'The end of the stream',
    lead: 'The end is an event like any other: level repeats it, edge reports it once, one-shot hides it until rearm().',
    steps: ['arrive-4', 'read-all', 'close', 'nothing', 'rearm', 'nothing'],
  },
];

/** The text after the table, for readers of the Markdown. */
const HINT = `

This table is one of four stories. The documentation site (\`npm run site\` builds it into \`.site/\`) has a timeline in its place that
you can step through, and on which you can try every order of up to five steps by hand.`;

/** The steps that a reader of the timeline may take by hand, in every order of up to five. */
const CHOICES = ['arrive-4', 'read-2', 'read-all', 'rearm', 'close'];
const DEPTH = 5;

/** One connection for each trigger, all in one epoll: the same things happen to each. */
class Bench {
  #multiplexer = new Multiplexer({ backend: 'epoll' });
  #isWriterClosed = false;
  #isStuck = false;
  #connections = TRIGGERS.map((trigger) => {
    const [reader, writer] = Socket.pair();
    return { reader, writer, registration: this.#multiplexer.register(reader, { interest: 'read', trigger }) };
  });

  /** Does it to each connection, then waits once; null after a step that a closed writer cannot do. */
  step(action) {
    this.#isStuck ||= this.#isWriterClosed && (action === 'arrive-4' || action === 'close');
    if (this.#isStuck) return null;
    this.#isWriterClosed ||= action === 'close';
    for (const connection of this.#connections) ACTIONS[action].act(connection);
    const reported = new Set(this.#multiplexer.waitSync(0));
    const [{ reader }] = this.#connections;
    return {
      unread: reader.recv(MANY_BYTES, MSG_PEEK)?.length ?? 0,
      reports: this.#connections.map(({ registration }) => reported.has(registration)),
    };
  }

  close() {
    for (const { reader, writer, registration } of this.#connections) {
      registration.unregister();
      reader.close();
      writer.close();
    }
    this.#multiplexer.close();
  }
}

function recordStory({ id, title, lead, steps }) {
  const bench = new Bench();
  const recorded = steps.map((action) => ({ action, text: ACTIONS[action].text, ...bench.step(action) }));
  bench.close();
  return { id, title, lead, steps: recorded };
}

/** A step in two characters: which triggers report, as a hexadecimal digit, and the unread bytes, to base 36. */
function encode(step) {
  if (step === null) return '--';
  const mask = step.reports.reduce((bits, isReported, index) => bits | (isReported ? 1 << index : 0), 0);
  return mask.toString(16) + step.unread.toString(36);
}

/**
 * Every order of the choices. Answer `i` of `levels[k]` is the last of the `k + 1` steps whose numbers in CHOICES are
 * the digits of `i` to base 5.
 */
function recordChoices() {
  const levels = Array.from({ length: DEPTH }, () => []);
  const orders = CHOICES.length ** DEPTH;
  for (let order = 0; order < orders; order++) {
    const bench = new Bench();
    for (let level = 0; level < DEPTH; level++) {
      const index = Math.floor(order / CHOICES.length ** (DEPTH - 1 - level));
      levels[level][index] = encode(bench.step(CHOICES[index % CHOICES.length]));
    }
    bench.close();
  }
  return levels.map((answers) => answers.join(''));
}

/** The first story, for readers of the Markdown. */
function table({ steps }) {
  const rows = steps.map(({ text, unread, reports }) => [
    text,
    unread,
    ...reports.map((isReported) => (isReported ? '**readable**' : '–')),
  ]);
  const head = [
    ['what happens', 'unread', ...TRIGGERS],
    ['---', '---:', ...TRIGGERS.map(() => '---')],
  ];
  return [...head, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page with the table of this recording. */
function withTable(page, recording) {
  const parts =
    /^(?<before>[^]*<fdmux-timeline src="timeline\.json">\n\n)[^]*?(?<after>\n\n<\/fdmux-timeline>[^]*)$/.exec(page);
  if (parts === null) throw new Problem(`${PAGE} has no <fdmux-timeline>`);
  return parts.groups.before + table(recording.stories[0]) + HINT + parts.groups.after;
}

await runMain(async () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const recording = {
    about: 'Recorded by scripts/record-timeline.mjs from fdmux on epoll; a test records again and compares.',
    triggers: TRIGGERS,
    stories: STORIES.map(recordStory),
    choices: CHOICES.map((action) => ({ action, text: ACTIONS[action].text })),
    levels: recordChoices(),
  };
  const text = await format(JSON.stringify(recording, null, 2), {
    ...(await resolveConfig(RECORDING)),
    parser: 'json',
  });
  const page = readFileSync(PAGE, 'utf8');
  const wanted = withTable(page, recording);
  if (!values.check) {
    writeFileSync(RECORDING, text);
    writeFileSync(PAGE, wanted);
  } else if (readFileSync(RECORDING, 'utf8') !== text || page !== wanted) {
    throw new Problem('docs/learn has another recording than this run: node scripts/record-timeline.mjs');
  }
});
