/** Searching what was said, and going to where it was said. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { plainText } from '../irc/spans.js';
import { currentConversation, type Hit, type State } from '../state/model.js';
import { foundIn } from '../state/search.js';
import { errorText } from '../text/errors.js';
import { usePage } from './context.js';
import { Dialog } from './dialog.js';
import { Nick } from './nick.js';

export function SearchDialog({ state, onClose }: { readonly state: State; readonly onClose: () => void }): JSX.Element {
  const { client, texts } = usePage();
  const { search } = state;
  const { name: here } = currentConversation(state);
  const [words, setWords] = useState(search.words);
  const [place, setPlace] = useState(search.words === '' ? here : search.place);
  const places = [...new Set([here, place, ''])].filter((each) => each !== '' || here !== '');
  const ask = (where: string): void => client.dispatch({ kind: 'searched', words: words.trim(), place: where });
  return (
    <Dialog title={texts.search} onClose={onClose}>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          ask(place);
        }}
      >
        <div class="row">
          <input
            inputMode="search"
            autofocus
            aria-label={texts.searchLabel}
            placeholder={texts.searchLabel}
            value={words}
            autoComplete="off"
            enterkeyhint="search"
            onInput={(event) => setWords(event.currentTarget.value)}
          />
          <button type="submit" class="primary" disabled={words.trim() === ''}>
            {texts.search}
          </button>
        </div>
        {places.length > 1 && (
          <fieldset class="choice">
            <legend class="visually-hidden">{texts.searchIn}</legend>
            {places.map((each) => (
              <label key={each}>
                <input
                  type="radio"
                  name="place"
                  checked={each === place}
                  onChange={() => {
                    setPlace(each);
                    if (search.words !== '') ask(each);
                  }}
                />
                <bdi>{each === '' ? texts.everywhere : each}</bdi>
              </label>
            ))}
          </fieldset>
        )}
      </form>
      <p role="status" class="note">
        {statusOf(state, texts)}
      </p>
      <ol class="directory">
        {search.hits.map((hit) => (
          <Found
            key={hit.messageId}
            hit={hit}
            words={search.words}
            onChoose={() => {
              onClose();
              client.goTo(hit);
            }}
          />
        ))}
      </ol>
      {!search.isWhole && !search.isRunning && (
        <button type="button" class="quiet" onClick={() => client.dispatch({ kind: 'more-searched' })}>
          {texts.moreHits}
        </button>
      )}
    </Dialog>
  );
}

function statusOf({ search }: State, texts: ReturnType<typeof usePage>['texts']): string {
  const { words, hits, isRunning, isWhole, failure } = search;
  if (failure !== null) return errorText(texts, failure.code, [failure.text]);
  if (isRunning) return texts.searching;
  return words === '' ? '' : texts.hits(hits.length, isWhole);
}

interface FoundProps {
  readonly hit: Hit;
  readonly words: string;
  readonly onChoose: () => void;
}

function Found({ hit, words, onChoose }: FoundProps): JSX.Element {
  const { formats } = usePage();
  return (
    <li>
      <button type="button" onClick={onChoose}>
        <span>
          <Nick nick={hit.from} /> <bdi class="note">{hit.place}</bdi>
        </span>
        <time class="note" dateTime={new Date(hit.atMs).toISOString()}>
          {formats.moment(hit.atMs)}
        </time>
        <bdi class="text" dir="auto">
          {foundIn(plainText(hit.text), words).map(({ text, isHit }) => (isHit ? <mark>{text}</mark> : text))}
        </bdi>
      </button>
    </li>
  );
}
