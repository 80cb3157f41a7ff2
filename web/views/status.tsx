/** Says that the connection is lost, and when the next attempt is. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Link } from '../state/model.js';
import { usePage } from './context.js';

export function Status({ link }: { readonly link: Link }): JSX.Element {
  const { client, texts } = usePage();
  const text = link.kind === 'waiting' ? texts.lost : link.kind === 'online' ? '' : texts.connecting;
  return (
    <div class={text === '' ? 'status' : 'status bad'}>
      <span role="status">{text}</span>
      {link.kind === 'waiting' && (
        <>
          <Countdown toMs={link.retryAtMs} />
          <button type="button" class="link" onClick={() => client.retryNow()}>
            {texts.retryNow}
          </button>
        </>
      )}
    </div>
  );
}

/** Not read aloud: it changes each second. */
function Countdown({ toMs }: { readonly toMs: number }): JSX.Element {
  const { texts } = usePage();
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden="true">{texts.retryIn(Math.max(0, Math.ceil((toMs - nowMs) / 1000)))}</span>;
}
