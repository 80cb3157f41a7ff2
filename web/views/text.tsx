/** A text of somebody else: formats as classes, links as nodes, and never as markup. */
import type { JSX } from 'preact';
import { piecesOf } from '../irc/links.js';
import { spansOf } from '../irc/spans.js';

export function MessageText({ text }: { readonly text: string }): JSX.Element {
  return (
    <bdi class="text" dir="auto">
      {spansOf(text).map((span, index) => {
        const content = piecesOf(span.text).map((piece) =>
          piece.kind === 'link' ? <Link url={piece.text} /> : piece.text,
        );
        return span.classes === '' ? (
          content
        ) : (
          <span key={index} class={span.classes}>
            {content}
          </span>
        );
      })}
    </bdi>
  );
}

function Link({ url }: { readonly url: string }): JSX.Element {
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
      {url}
    </a>
  );
}
