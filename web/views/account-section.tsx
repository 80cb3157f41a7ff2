/** The part of the settings about the user's account. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { registrationOf } from '../state/login.js';
import type { LoginWish, State } from '../state/model.js';
import { errorText } from '../text/errors.js';
import { Choice } from './choice.js';
import { usePage } from './context.js';
import { DeviceList } from './device-list.js';
import { Field, Mail, Secret } from './fields.js';

export function AccountSection({ state }: { readonly state: State }): JSX.Element {
  const { texts } = usePage();
  const { login, account } = state;
  return (
    <section class="account" aria-label={texts.account}>
      <h3>{texts.account}</h3>
      {account === '' ? (
        login.unverified === '' ? (
          <GuestPart state={state} />
        ) : (
          <CodePart state={state} />
        )
      ) : (
        <OwnerPart state={state} />
      )}
      <p role="status">{login.answer}</p>
      <p role="alert" class="failure">
        {login.failure !== null && errorText(texts, login.failure.code, [login.failure.text])}
      </p>
    </section>
  );
}

/** A guest may log in, or make an account of its nick. */
function GuestPart({ state }: { readonly state: State }): JSX.Element {
  const { client, texts } = usePage();
  const registration = registrationOf(state);
  const [wish, setWish] = useState<LoginWish>('log-in');
  const [secret, setSecret] = useState('');
  const [mail, setMail] = useState('');
  const isNew = wish === 'sign-up';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        client.logIn(state.nick, { wish, secret, mail: isNew ? mail : '' });
      }}
    >
      <p class="note">{texts.guestNote}</p>
      {registration !== null && (
        <Choice<LoginWish>
          label={texts.loginLabel}
          value={wish}
          options={[
            ['log-in', texts.logIn],
            ['sign-up', texts.signUp],
          ]}
          onChoose={setWish}
        />
      )}
      <input type="hidden" autoComplete="username" value={state.nick} />
      <Secret isNew={isNew} value={secret} onInput={setSecret} />
      {isNew && <Mail isNeeded={registration?.needsMail === true} value={mail} onInput={setMail} />}
      <button type="submit" class="primary" disabled={state.login.step === 'running' || state.link.kind !== 'online'}>
        {isNew ? texts.signUp : texts.logIn}
      </button>
    </form>
  );
}

/** A new account waits for the code that was sent to its owner. */
function CodePart({ state }: { readonly state: State }): JSX.Element {
  const { client, texts } = usePage();
  const [code, setCode] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        client.verify(code);
      }}
    >
      <Field label={texts.codeLabel} help={texts.codeHelp(state.login.unverified)}>
        {(helpId) => (
          <input
            value={code}
            required
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellcheck={false}
            aria-describedby={helpId}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        )}
      </Field>
      <p class="row">
        <button type="submit" class="primary" disabled={state.login.step === 'running'}>
          {texts.confirmCode}
        </button>
        <button type="button" class="quiet" onClick={() => client.dispatch({ kind: 'code-dropped' })}>
          {texts.later}
        </button>
      </p>
    </form>
  );
}

/** The owner changes the password, logs other devices out, or erases the account. */
function OwnerPart({ state }: { readonly state: State }): JSX.Element {
  const { account } = state;
  const { client, texts } = usePage();
  const [secret, setSecret] = useState('');
  return (
    <>
      <p>{texts.loggedInAs(account)}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          client.changeSecret(secret);
          setSecret('');
        }}
      >
        <input type="hidden" autoComplete="username" value={account} />
        <Secret isNew value={secret} onInput={setSecret} />
        <button type="submit" class="quiet">
          {texts.changePassword}
        </button>
      </form>
      <DeviceList state={state} />
      <Erasure account={account} />
    </>
  );
}

/** Erasing takes two steps: it cannot be undone. */
function Erasure({ account }: { readonly account: string }): JSX.Element {
  const { client, texts } = usePage();
  const [isOpen, setOpen] = useState(false);
  const [secret, setSecret] = useState('');
  if (!isOpen) {
    return (
      <button type="button" class="quiet" onClick={() => setOpen(true)}>
        {texts.eraseAccount}
      </button>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        client.eraseAccount(secret);
        setSecret('');
      }}
    >
      <p>{texts.eraseNote(account)}</p>
      <Secret isNew={false} value={secret} onInput={setSecret} />
      <p class="row">
        <button type="submit" class="primary danger">
          {texts.eraseAccount}
        </button>
        <button type="button" class="quiet" onClick={() => setOpen(false)}>
          {texts.cancel}
        </button>
      </p>
    </form>
  );
}
