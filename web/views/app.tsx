/** The page: one of two screens, and the dialog over it. */
import type { JSX } from 'preact';
import type { Session } from '../settings.js';
import type { State } from '../state/model.js';
import { Chat, type DialogName } from './chat.js';
import { type Page, PageContext } from './context.js';
import { HelpDialog } from './help-dialog.js';
import { JoinDialog } from './join-dialog.js';
import { SearchDialog } from './search-dialog.js';
import { SettingsDialog } from './settings-dialog.js';
import { SignIn } from './sign-in.js';

interface Props {
  readonly page: Page;
  readonly state: State;
  readonly session: Session;
  readonly dialog: DialogName | null;
  readonly onDialog: (name: DialogName | null) => void;
}

export function App({ page, state, session, dialog, onDialog }: Props): JSX.Element {
  const close = (): void => onDialog(null);
  const isSignedIn = state.wasOnline && state.link.kind !== 'idle';
  return (
    <PageContext.Provider value={page}>
      {isSignedIn ? <Chat state={state} onDialog={onDialog} /> : <SignIn state={state} session={session} />}
      {isSignedIn && dialog === 'help' && <HelpDialog onClose={close} />}
      {isSignedIn && dialog === 'settings' && <SettingsDialog state={state} onClose={close} />}
      {isSignedIn && dialog === 'search' && <SearchDialog state={state} onClose={close} />}
      {isSignedIn && dialog === 'join' && <JoinDialog state={state} onClose={close} />}
    </PageContext.Provider>
  );
}
