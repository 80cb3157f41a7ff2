/** The choices of the user. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Settings } from '../settings.js';
import { hasAccounts } from '../state/login.js';
import type { State } from '../state/model.js';
import { AccountSection } from './account-section.js';
import { Choice } from './choice.js';
import { usePage } from './context.js';
import { Dialog } from './dialog.js';

interface Props {
  readonly state: State;
  readonly onClose: () => void;
}

export function SettingsDialog({ state, onClose }: Props): JSX.Element {
  const { client, texts, settings, change } = usePage();
  return (
    <Dialog title={texts.settings} onClose={onClose}>
      <Choice<Settings['language']>
        label={texts.languageLabel}
        value={settings.language}
        options={[
          ['auto', texts.automatic],
          ['en', 'English'],
          ['zh', '中文'],
        ]}
        onChoose={(language) => change({ language })}
      />
      <Choice<Settings['theme']>
        label={texts.themeLabel}
        value={settings.theme}
        options={[
          ['auto', texts.automatic],
          ['light', texts.light],
          ['dark', texts.dark],
        ]}
        onChoose={(theme) => change({ theme })}
      />
      <Check
        label={texts.showMovements}
        isChecked={settings.hasMovements}
        onChange={(hasMovements) => change({ hasMovements })}
      />
      <NotificationCheck />
      {hasAccounts(state) && <AccountSection state={state} />}
      <p class="actions">
        <button type="button" class="quiet" onClick={() => client.signOut('')}>
          {texts.signOut}
        </button>
      </p>
    </Dialog>
  );
}

/** A page over plain HTTP may not notify anybody, so it does not offer to. */
function NotificationCheck(): JSX.Element | null {
  const { texts, settings, change } = usePage();
  const [isDenied, setDenied] = useState(false);
  if (!('Notification' in globalThis) || !globalThis.isSecureContext) return null;
  const ask = async (): Promise<void> => {
    const answer = await Notification.requestPermission();
    setDenied(answer !== 'granted');
    change({ hasNotifications: answer === 'granted' });
  };
  return (
    <>
      <Check
        label={texts.notifications}
        isChecked={settings.hasNotifications}
        onChange={(isWanted) => (isWanted ? void ask() : change({ hasNotifications: false }))}
      />
      {isDenied && <p role="alert">{texts.notificationsDenied}</p>}
    </>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}

function Check({ label, isChecked, onChange }: CheckProps): JSX.Element {
  return (
    <label class="check">
      <input type="checkbox" checked={isChecked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
