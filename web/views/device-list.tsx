/** Where the user is logged in. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { State } from '../state/model.js';
import { usePage } from './context.js';

/** A server that does not list devices has none to show. */
export function DeviceList({ state }: { readonly state: State }): JSX.Element | null {
  const { client, texts, formats } = usePage();
  const { list } = state.devices;
  const isOnline = state.link.kind === 'online';
  useEffect(() => {
    if (isOnline) client.listDevices();
  }, [client, isOnline]);
  if (list.length === 0) return null;
  return (
    <>
      <h4>{texts.devices}</h4>
      <ul class="devices">
        {list.map(({ number, isThis, address, isSecure, sinceMs, nick }) => (
          <li key={number}>
            <span>
              {nick}, {address}
              {!isSecure && `, ${texts.insecure}`}
              <small>{formats.moment(sinceMs)}</small>
            </span>
            {isThis ? (
              texts.thisDevice
            ) : (
              <button type="button" class="quiet" onClick={() => client.logOutDevice(number)}>
                {texts.logOut}
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
