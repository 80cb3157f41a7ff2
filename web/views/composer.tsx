/** The field in which the user writes. */
import type { JSX, RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { COMMAND_USAGES } from '../input/commands.js';
import { applied, completed, type Completion, cycled, type Vocabulary } from '../input/completion.js';
import { EMPTY_HISTORY, type History, moved, remembered } from '../input/history.js';
import type { Conversation, State } from '../state/model.js';
import { messagePieces } from '../state/multiline.js';
import { usePage } from './context.js';
import { Icon } from './icons.js';

interface Props {
  readonly state: State;
  readonly conversation: Conversation;
  readonly draft: string;
  readonly onDraft: (draft: string) => void;
  readonly onScroll: (pages: number) => void;
  readonly onSent: () => void;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

/** The most lines for which the field grows. */
const MAX_ROWS = 6;
/** A key this shortly after a composition is the one that ended it. */
const COMPOSITION_MS = 50;

export function Composer(props: Props): JSX.Element {
  const { state, conversation, draft, onDraft, onSent, field } = props;
  const { client, texts } = usePage();
  const history = useRef<History>(EMPTY_HISTORY);
  const completion = useRef<Completion | null>(null);
  const composedAtMs = useRef(-COMPOSITION_MS);
  const name = conversation.kind === 'server' ? '' : conversation.name;
  const label = name === '' ? texts.writeCommand : texts.writeTo(name);
  const parts = partsOf(state, name, draft);

  const write = (text: string, cursor = text.length): void => {
    onDraft(text);
    const element = field.current;
    if (element === null) return;
    element.value = text;
    element.setSelectionRange(cursor, cursor);
  };
  const send = (): void => {
    const text = draft.replace(/\s+$/, '');
    if (text.trim() === '') return;
    history.current = remembered(history.current, text);
    write('');
    client.submit(text);
    onSent();
  };
  const complete = (): boolean => {
    const cursor = field.current?.selectionStart ?? draft.length;
    const next =
      completion.current === null
        ? completed(draft, cursor, vocabularyOf(state, conversation))
        : cycled(completion.current);
    if (next === null) return false;
    completion.current = next;
    const { text, cursor: end } = applied(next);
    write(text, end);
    return true;
  };
  const recall = (step: -1 | 1): boolean => {
    const found = isAtEdge(field.current, step) ? moved(history.current, step, draft) : null;
    if (found === null) return false;
    history.current = found.history;
    write(found.text);
    return true;
  };
  const keyDown = (event: KeyboardEvent): void => {
    // Enter and the arrows belong to the input method while it composes. Safari ends the composition before the Enter
    // that ended it arrives.
    if (event.isComposing || event.timeStamp - composedAtMs.current < COMPOSITION_MS) return;
    if (event.key !== 'Tab' && event.key !== 'Shift') completion.current = null;
    if (isHandled(event, { send, complete, recall, scroll: props.onScroll })) event.preventDefault();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
        field.current?.focus();
      }}
    >
      <textarea
        ref={field}
        rows={Math.min(MAX_ROWS, draft.split('\n').length)}
        value={draft}
        placeholder={label}
        aria-label={label}
        aria-describedby={parts > 1 ? 'parts' : undefined}
        autoComplete="off"
        autoCapitalize="sentences"
        spellcheck
        enterkeyhint="send"
        dir="auto"
        onInput={(event) => {
          completion.current = null;
          onDraft(event.currentTarget.value);
        }}
        onCompositionEnd={(event) => {
          composedAtMs.current = event.timeStamp;
        }}
        onKeyDown={keyDown}
      />
      {parts > 1 && (
        <span id="parts" class="parts">
          {texts.sendsParts(parts)}
        </span>
      )}
      <button type="submit" class="send" aria-label={texts.send} title={texts.send} disabled={draft.trim() === ''}>
        <Icon name="send" />
      </button>
    </form>
  );
}

interface KeyActs {
  readonly send: () => void;
  readonly complete: () => boolean;
  readonly recall: (step: -1 | 1) => boolean;
  readonly scroll: (pages: number) => void;
}

/** Does what a key means; false leaves it to the browser. Tab with nothing to complete moves on, as everywhere. */
function isHandled(event: KeyboardEvent, { send, complete, recall, scroll }: KeyActs): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
  switch (event.key) {
    case 'Enter':
      send();
      return true;
    case 'Tab':
      return complete();
    case 'ArrowUp':
      return recall(-1);
    case 'ArrowDown':
      return recall(1);
    case 'PageUp':
      scroll(-1);
      return true;
    case 'PageDown':
      scroll(1);
      return true;
    default:
      return false;
  }
}

/** Within a text of several lines the arrows move the cursor. */
function isAtEdge(element: HTMLTextAreaElement | null, step: -1 | 1): boolean {
  if (element === null || element.selectionStart !== element.selectionEnd) return false;
  const { value, selectionStart } = element;
  return step < 0 ? !value.slice(0, selectionStart).includes('\n') : !value.slice(selectionStart).includes('\n');
}

function partsOf(state: State, name: string, draft: string): number {
  if (name === '' || /^\/(?!\/)/.test(draft)) return 1;
  return messagePieces(state, name, 'text', draft).length;
}

/** Returns the words to complete from. The nicks of those who have spoken last are offered first. */
function vocabularyOf(state: State, { members, lines, kind, name }: Conversation): Vocabulary {
  const speakers = new Set<string>();
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const body = lines[at]?.body;
    if (body?.kind === 'message' && !body.isOwn) speakers.add(body.from);
  }
  const present = new Set([...members.values()].map(({ nick }) => nick));
  const others = [...present].filter((nick) => nick !== state.nick).sort((a, b) => a.localeCompare(b));
  const nicks = kind === 'private' ? [name] : [...[...speakers].filter((nick) => present.has(nick)), ...others];
  return {
    nicks: [...new Set(nicks)],
    rooms: [...state.conversations.values()].filter((each) => each.kind === 'room').map((each) => each.name),
    commands: COMMAND_USAGES.map(([command]) => command),
  };
}
