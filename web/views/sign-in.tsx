/** The first screen: the user's name, what proves that it is the user's, and the room to join. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { roomName } from '../input/commands.js';
import type { Session } from '../settings.js';
import type { Failure, LoginWish, State } from '../state/model.js';
import { errorText } from '../text/errors.js';
import { Choice } from './choice.js';
import { usePage } from './context.js';
import { Field, Mail, Secret } from './fields.js';

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
  const [chosen, setWish] = useState<LoginWish>(session.hasAccount ? 'log-in' : 'guest');
  const [secret, setSecret] = useState('');
  const [mail, setMail] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const isBusy = state.link.kind !== 'idle';
  const { failure } = state;
  const needsPassword = config.isPasswordNeeded || failure?.code === '464';
  const wish = config.hasAccounts ? chosen : 'guest';
  useEffect(() => {
    if (!isBusy) field.current?.focus();
  }, [isBusy, failure]);
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const names = rooms.split(/[\s,]+/).filter((name) => name !== '');
          const credentials = { wish, secret: wish === 'guest' ? '' : secret, mail: wish === 'sign-up' ? mail : '' };
          client.signIn({ nick, rooms: names.map(roomName), password, credentials, isResumed: false });
        }}
      >
        <h1>{texts.signInTitle(config.networkName)}</h1>
        {config.hasAccounts && (
          <Choice<LoginWish>
            label={texts.loginLabel}
            value={wish}
            options={[
              ['guest', texts.asGuest],
              ['log-in', texts.logIn],
              ...(config.hasRegistration ? [['sign-up', texts.signUp] as const] : []),
            ]}
            onChoose={setWish}
          />
        )}
        <Field label={texts.nickLabel} help={wish === 'guest' ? texts.nickHelp : texts.loginHelp}>
          {(helpId) => (
            <input
              ref={field}
              value={nick}
              required
              maxLength={config.nickLength}
              pattern="[A-Za-z\[\]\\`_^\{\|\}][A-Za-z0-9\[\]\\`_^\{\|\}\-]*"
              title={texts.nickHelp}
              autoComplete={wish === 'guest' ? 'nickname' : 'username'}
              autoCapitalize="none"
              spellcheck={false}
              aria-describedby={helpId}
              onInput={(event) => setNick(event.currentTarget.value)}
            />
          )}
        </Field>
        {wish !== 'guest' && <Secret isNew={wish === 'sign-up'} value={secret} onInput={setSecret} />}
        {wish === 'sign-up' && <Mail isNeeded={config.needsMail} value={mail} onInput={setMail} />}
        <Field label={texts.roomsLabel} help={texts.roomsHelp}>
          {(helpId) => (
            <input
              value={rooms}
              autoComplete="off"
              autoCapitalize="none"
              spellcheck={false}
              aria-describedby={helpId}
              onInput={(event) => setRooms(event.currentTarget.value)}
            />
          )}
        </Field>
        {needsPassword && (
          <label>
            {texts.passwordLabel}
            <input
              type="password"
              value={password}
              required
              autoComplete={wish === 'guest' ? 'current-password' : 'off'}
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
