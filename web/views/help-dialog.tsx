/** The keys and the commands. */
import type { JSX } from 'preact';
import { COMMAND_USAGES } from '../input/commands.js';
import { usePage } from './context.js';
import { Dialog } from './dialog.js';

export function HelpDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { texts } = usePage();
  const meanings = new Map(Object.entries(texts.commandHelp));
  return (
    <Dialog title={texts.help} onClose={onClose}>
      <h3>{texts.shortcuts}</h3>
      <dl class="keys">
        {texts.keys.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys?.split('  ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <h3>{texts.commands}</h3>
      <dl class="keys">
        {COMMAND_USAGES.map(([name, usage]) => (
          <div key={name}>
            <dt>
              <code>
                /{name} {usage}
              </code>
            </dt>
            <dd>{meanings.get(name)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
