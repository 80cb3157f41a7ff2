/** The fields of the forms about accounts. */
import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { usePage } from './context.js';

interface FieldProps {
  readonly label: string;
  readonly help: string;
  /** @param helpId - of the element that explains the field */
  readonly children: (helpId: string) => ComponentChildren;
}

/** A field with an explanation below it. */
export function Field({ label, help, children }: FieldProps): JSX.Element {
  const helpId = useId();
  return (
    <label class="field">
      {label}
      {children(helpId)}
      <small id={helpId}>{help}</small>
    </label>
  );
}

interface InputProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** An account's password, which nobody keeps but the browser, if its user wants that. */
export function Secret({ value, onInput, isNew }: InputProps & { readonly isNew: boolean }): JSX.Element {
  const { texts } = usePage();
  return (
    <label class="field">
      {isNew ? texts.newSecretLabel : texts.secretLabel}
      <input
        type="password"
        value={value}
        required
        autoComplete={isNew ? 'new-password' : 'current-password'}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

/** Where the code for a new account is sent. */
export function Mail({ value, onInput, isNeeded }: InputProps & { readonly isNeeded: boolean }): JSX.Element {
  const { texts } = usePage();
  return (
    <Field label={texts.mailLabel} help={isNeeded ? texts.mailNeeded : texts.mailHelp}>
      {(helpId) => (
        <input
          type="email"
          value={value}
          required={isNeeded}
          autoComplete="email"
          aria-describedby={helpId}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
