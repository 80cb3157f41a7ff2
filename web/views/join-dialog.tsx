/** Joining a room: by its name, or from the server's list. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { roomName } from '../input/commands.js';
import { plainText } from '../irc/spans.js';
import type { State } from '../state/model.js';
import { usePage } from './context.js';
import { Dialog } from './dialog.js';

export function JoinDialog({ state, onClose }: { readonly state: State; readonly onClose: () => void }): JSX.Element {
  const { client, texts } = usePage();
  const [name, setName] = useState('');
  useEffect(() => client.listRooms(), [client]);
  const join = (room: string): void => {
    client.act({ kind: 'join', rooms: [roomName(room)], password: '' });
    onClose();
  };
  const { rooms, isComplete } = state.listing;
  const shown = rooms.filter((room) => room.name.toLowerCase().includes(name.toLowerCase()));
  return (
    <Dialog title={texts.joinRoom} onClose={onClose}>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (/^[^\s,]+$/.test(name)) join(name);
        }}
      >
        <input
          aria-label={texts.roomName}
          placeholder="#lobby"
          value={name}
          autoComplete="off"
          autoCapitalize="none"
          onInput={(event) => setName(event.currentTarget.value.trim())}
        />
        <button type="submit" class="primary" disabled={name === ''}>
          {texts.join}
        </button>
      </form>
      <h3>{texts.publicRooms}</h3>
      {!isComplete && <p class="note">{texts.loading}</p>}
      {isComplete && rooms.length === 0 && <p class="note">{texts.noRooms}</p>}
      <ul class="directory">
        {shown.map((room) => (
          <li key={room.name}>
            <button type="button" onClick={() => join(room.name)}>
              <bdi class="name">{room.name}</bdi>
              <span class="note">{texts.memberCount(room.members)}</span>
              {room.topic !== '' && (
                <bdi class="text" dir="auto">
                  {plainText(room.topic)}
                </bdi>
              )}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
