/** The first screen: the user's name, and the room to join. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { roomName } from '../input/commands.js';
import type { Session } from '../settings.js';
import type { Failure, State } from '../state/model.js';
import { errorText } from '../text/errors.js';
import { usePage } from './context.js';

interface Props {
  readonly state: State;
  /** The values of the form at first. */
  readonly session: Session;
}

export function SignIn({ state, session }: Props): JSX.Element {
  const { client, config, texts } = usePage();
  const [nick, setNick] = useState(session.nick);
  const [rooms, setRooms] = useState(session.rooms.join(' '));
  const [password, setPassword] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const isBusy = state.link.kind !== 'idle';
  const { failure } = state;
  const needsPassword = config.isPasswordNeeded || failure?.code === '464';
  useEffect(() => {
    if (!isBusy) field.current?.focus();
  }, [isBusy, failure]);
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const names = rooms.split(/[\s,]+/).filter((name) => name !== '');
          client.signIn({ nick, rooms: names.map(roomName), password, isResumed: false });
        }}
      >
        <h1>{texts.signInTitle(config.networkName)}</h1>
        <label>
          {texts.nickLabel}
          <input
            ref={field}
            value={nick}
            required
            maxLength={config.nickLength}
            pattern="[A-Za-z\[\]\\`_^\{\|\}][A-Za-z0-9\[\]\\`_^\{\|\}\-]*"
            title={texts.nickHelp}
            autoComplete="nickname"
            autoCapitalize="none"
            spellcheck={false}
            aria-describedby="nick-help"
            onInput={(event) => setNick(event.currentTarget.value)}
          />
          <small id="nick-help">{texts.nickHelp}</small>
        </label>
        <label>
          {texts.roomsLabel}
          <input
            value={rooms}
            autoComplete="off"
            autoCapitalize="none"
            spellcheck={false}
            aria-describedby="rooms-help"
            onInput={(event) => setRooms(event.currentTarget.value)}
          />
          <small id="rooms-help">{texts.roomsHelp}</small>
        </label>
        {needsPassword && (
          <label>
            {texts.passwordLabel}
            <input
              type="password"
              value={password}
              required
              autoComplete="current-password"
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          </label>
        )}
        <p role="alert" class="failure">
          {failure !== null && !isBusy && failureText(texts, failure, state.wantedNick)}
        </p>
        <p role="status" class="note">
          {state.link.kind === 'waiting' && texts.unreachable}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? texts.signingIn : texts.signIn}
        </button>
        {isBusy && (
          <button type="button" class="quiet" onClick={() => client.signOut('')}>
            {texts.cancel}
          </button>
        )}
        <small>{texts.otherClients}</small>
      </form>
    </main>
  );
}

function failureText(texts: ReturnType<typeof usePage>['texts'], { code, text }: Failure, nick: string): string {
  return errorText(texts, code, code === '432' || code === '433' ? [nick, text] : [text]);
}
