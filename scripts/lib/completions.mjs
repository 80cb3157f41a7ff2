/** Makes the completion scripts of bash, zsh and fish from a command table. */

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const flagsOf = ({ options }) => options.flatMap(({ flags }) => flags);
const takesFile = (command) => command.arguments.some(({ isFile }) => isFile);

/** Words that may stand in the place of a command's argument. */
const wordsOf = (command) => command.arguments.flatMap(({ choices }) => choices);

export function bashCompletion({ commands }) {
  const [, ...others] = commands;
  const names = others.map(({ name }) => name);
  const pairs = commands.flatMap((command) =>
    command.options
      .filter(({ value }) => value)
      .map(({ flags, value }) => ({
        pattern: flags.map((flag) => quote(`${command.name} ${flag}`)).join(' | '),
        value,
      })),
  );
  const known = pairs.map(({ pattern, value }) => `    ${pattern}) ${bashValue(value)} ;;`);
  return `# Completion of fdmux for bash, made from its command table.
_fdmux() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command='' word words='' files=''
  # bash takes --option=value apart at the sign.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join(' | ')})
      command=$word
      break
      ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${known.join('\n')}
    *)
      case "$command $current" in
${commands.flatMap((command) => bashCommand(command, names)).join('\n')}
      esac
      ;;
  esac
  if [[ -n $files ]]; then
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _fdmux fdmux
`;
}

function bashValue({ choices, isFile }) {
  if (choices.length > 0) return `words=${quote(choices.join(' '))}`;
  return isFile ? 'files=yes' : ':';
}

function bashCommand(command, names) {
  const words = command.name === '' ? names : wordsOf(command);
  const options = `words=${quote(flagsOf(command).join(' '))}`;
  const lines = [`        ${quote(`${command.name} -`)}*) ${options} ;;`];
  const place = `        ${quote(`${command.name} `)}*)`;
  if (takesFile(command)) lines.push(`${place} files=yes ;;`);
  else if (words.length > 0) lines.push(`${place} words=${quote(words.join(' '))} ;;`);
  else if (command.arguments.length === 0) lines.push(`${place} ${options} ;;`);
  return lines;
}

export function zshCompletion({ commands }) {
  const [whole, ...others] = commands;
  return `#compdef fdmux
# Completion of fdmux for zsh, made from its command table.
_fdmux() {
  local context curcontext=$curcontext state state_descr line
  local -A opt_args
  local -a commands=(
${others.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  _arguments -C \\
${zshOptions(whole)} \\
    '1:command:->command' \\
    '*::argument:->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${others.map(zshCommand).join('\n')}
      esac
      ;;
  esac
}
# It may be loaded from fpath, by its first use, or sourced.
if [[ $funcstack[1] == _fdmux ]]; then _fdmux "$@"; else compdef _fdmux fdmux; fi
`;
}

const zshText = (text) => text.replaceAll(/[\\[\]:]/g, '\\$&');
const zshAction = ({ name, choices, isFile }, whatever = ' ') =>
  `:${zshText(name)}:${choices.length > 0 ? `(${choices.join(' ')})` : isFile ? '_files' : whatever}`;
/** An argument that nothing is known about; a word that begins like an option is not one, or it would hide options. */
const zshAnything = ({ name }) => `_guard "[^-]*" "${zshText(name)}"`;

const zshOptions = ({ options }) =>
  options
    .flatMap(({ flags, value, summary }) =>
      flags.map((flag) => {
        const sign = value && flag.startsWith('--') ? '=' : '';
        return `    ${quote(`${flag}${sign}[${zshText(summary)}]${value ? zshAction(value) : ''}`)}`;
      }),
    )
    .join(' \\\n');

function zshCommand(command) {
  const values = command.arguments.map(
    (value, index) => `    ${quote(`${index + 1}${zshAction(value, zshAnything(value))}`)}`,
  );
  const specs = [zshOptions(command), ...values].filter((part) => part !== '').join(' \\\n');
  return `        ${command.name})
          _arguments \\
${specs.replaceAll(/^/gm, '        ')}
          ;;`;
}

export function fishCompletion({ commands }) {
  const [whole, ...others] = commands;
  const lines = [
    '# Completion of fdmux for fish, made from its command table.',
    'complete -c fdmux -f',
    ...fishOptions(whole, '__fish_use_subcommand'),
    ...others.map(
      ({ name, summary }) => `complete -c fdmux -n __fish_use_subcommand -a ${name} -d ${fishQuote(summary)}`,
    ),
    ...others.flatMap((command) => {
      const condition = fishQuote(`__fish_seen_subcommand_from ${command.name}`);
      const words = wordsOf(command);
      return [
        ...fishOptions(command, condition),
        ...(takesFile(command) ? [`complete -c fdmux -n ${condition} -F`] : []),
        ...(words.length > 0 ? [`complete -c fdmux -n ${condition} -a ${fishQuote(words.join(' '))}`] : []),
      ];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

/** In fish a quote and a backslash are escaped inside quotes. */
const fishQuote = (text) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;

const fishOptions = ({ options }, condition) =>
  options.map(({ flags, value, summary }) => {
    const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
    return `complete -c fdmux -n ${condition} ${names.join(' ')}${fishValue(value)} -d ${fishQuote(summary)}`;
  });

function fishValue(value) {
  if (value === undefined) return '';
  if (value.choices.length > 0) return ` -x -a ${fishQuote(value.choices.join(' '))}`;
  return value.isFile ? ' -r -F' : ' -x';
}
