import { expect, test } from 'vitest';
import { html, plainText } from '../../site/html.js';
import { relativeUrl } from '../../site/site-page.js';

test('a template escapes what is put in, unless it is HTML', () => {
  const evil = `<img src=x onerror="1">&`;
  expect(String(html`<p title="${evil}">${evil}${html`<b>${1}</b>`}${null}${[html`<i></i>`, undefined]}</p>`)).toBe(
    '<p title="&lt;img src=x onerror=&quot;1&quot;&gt;&amp;">&lt;img src=x onerror=&quot;1&quot;&gt;&amp;<b>1</b><i></i></p>',
  );
});

test('the words of HTML are without tags and entities', () => {
  expect(plainText(html`<p>a <b>${'<b> & "c"'}</b> d</p>`)).toBe('a <b> & "c" d');
});

test.each([
  ['index.html', 'guides/net.html', 'guides/net.html'],
  ['guides/net.html', 'guides/errors.html#a', 'errors.html#a'],
  ['api/fdmux/class/Epoll.html', 'guides/net.html', '../../../guides/net.html'],
  ['api/fdmux/class/Epoll.html', 'api/index.html', '../../index.html'],
  ['guides/net.html', 'guides/net.html', 'net.html'],
])('the way from %s to %s is %s', (from, to, way) => {
  expect(relativeUrl(from, to)).toBe(way);
});
