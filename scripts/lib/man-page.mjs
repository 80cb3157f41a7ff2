/** The manual page in man(7), from a command table. */
export function manPage({ summary, commands }, version) {
  const [whole, ...others] = commands;
  const lines = [
    '.\\" Made from the command table of fdmux.',
    // A build is reproducible, so the page has no date.
    `.TH FDMUX 1 "" "fdmux ${version}" "User Commands"`,
    '.SH NAME',
    `fdmux \\- ${roff(phrase(summary))}`,
    '.SH SYNOPSIS',
    '.nf',
    ...others.map(({ usage }) => bold(usage)),
    '.fi',
    '.SH DESCRIPTION',
    ...prose(summary),
    '.SH OPTIONS',
    ...optionLines(whole),
    '.SH COMMANDS',
    ...others.flatMap((command) => [
      `.SS "${roff(command.usage)}"`,
      ...prose(sentence(command.summary)),
      ...command.arguments.filter((argument) => argument.summary).flatMap(argumentLines),
      ...optionLines(command),
      ...afterLines(command.after),
    ]),
    ...SECTIONS.flatMap(([title, entries]) => [`.SH ${title}`, ...entries.flatMap(entryLines)]),
    '.SH SEE ALSO',
    ...references(summary),
  ];
  return `${lines.join('\n')}\n`;
}

/** The parts of the page that the command table does not have. */
const SECTIONS = [
  [
    'EXIT STATUS',
    [
      ['0', 'The command has done its work, or a signal has ended it.'],
      ['1', 'Something could not be opened, or has failed.'],
      ['2', 'The command line or the configuration file is wrong.'],
      ['75', 'A node cannot go on: a process that is started in its place would.'],
    ],
  ],
  [
    'ENVIRONMENT',
    [
      ['FDMUX_BACKEND', 'The kernel interface, if neither an option nor the file names one.'],
      ['LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID', 'Sockets of the service manager, which fdmux serve listens on.'],
      ['NOTIFY_SOCKET, WATCHDOG_USEC', 'Where fdmux serve reports to the service manager, and how often.'],
    ],
  ],
  [
    'SIGNALS',
    [
      ['SIGHUP', 'The server reads its configuration and its certificates again.'],
      ['SIGTERM', 'The server accepts nobody, gives its clients the time of --drain-ms to leave, and ends.'],
      ['SIGINT', 'The server ends at once, as it does on a second SIGTERM.'],
    ],
  ],
];

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const phrase = (text) => `${text[0].toLowerCase()}${text.slice(1).replace(/\.$/, '')}`;

/** Text in which nothing is a request or an escape, and whose signs can be pasted into a shell. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./, '\\&.');
const bold = (text) => `\\fB${roff(text)}\\fR`;
const italic = (text) => `\\fI${roff(text)}\\fR`;

/** A text in lines of at most 80 bytes, unless a word is longer. */
const prose = (text) => [...text.matchAll(/(?:\S{60,}|\S.{0,64})(?= |$)/g)].map(([line]) => roff(line));

const argumentLines = ({ name, summary }) => ['.TP', italic(name), ...prose(sentence(summary))];
const entryLines = ([name, meaning]) => ['.TP', bold(name), ...prose(meaning)];

const optionLines = ({ options }) =>
  options.flatMap(({ flags, value, summary }) => {
    const choices = value?.choices ?? [];
    return [
      '.TP',
      flags.map(bold).join(', ') + (value ? ` ${italic(value.name)}` : ''),
      ...prose(sentence(summary)),
      ...(choices.length > 0 ? [`One of ${choices.map(bold).join(', ')}.`] : []),
    ];
  });

/** The text after a command's help: prose, and indented examples with their explanations beside them. */
function afterLines(text) {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const [, example, meaning] = /^ +(\$ .*?)(?: {2,}(.*))?$/.exec(line) ?? [];
    if (example === undefined) return ['.PP', ...prose(line)];
    return meaning === undefined ? ['.PP', bold(example)] : ['.TP', bold(example), ...prose(sentence(meaning))];
  });
}

/** The pages that a text names, such as poll(2). */
function references(text) {
  const pages = [...text.matchAll(/(\w+)\((\d)\)/g)];
  return pages.map(([, name, section], index) => `.BR ${name} (${section})${index < pages.length - 1 ? ',' : ''}`);
}
