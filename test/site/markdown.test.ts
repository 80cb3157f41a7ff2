import { describe, expect, test } from 'vitest';
import { fencesOf, renderMarkdown, slugOf } from '../../site/markdown.js';

const render = (text: string): string => renderMarkdown(text, (target) => `<${target}>`).body.toString();

describe('Markdown', () => {
  test('has anchors as GitHub names them, with a number for a heading that is there already', () => {
    expect(slugOf("The kernel's own calls: `poll(2)`")).toBe('the-kernels-own-calls-poll2');
    expect(slugOf('Level, edge, one-shot')).toBe('level-edge-one-shot');
    expect(slugOf('ERR_CLOSED')).toBe('err_closed');
    expect(render('## Same\n\n## Same')).toBe('<h2 id="same">Same</h2>\n<h2 id="same-1">Same</h2>\n');
  });

  test('links the manual pages that it names, but neither within links nor within code blocks', () => {
    expect(render('see poll(2) and `epoll_ctl(2)`.')).toBe(
      '<p>see <a href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</a> and ' +
        '<a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html"><code>epoll_ctl(2)</code></a>.</p>\n',
    );
    expect(render('[poll(2)](x)\n\n```\npoll(2)\n```')).not.toContain('man7');
    expect(render('f(2) `a(9)` x(12) A(2)')).toContain('man2/f.2.html');
    expect(render('`a(9)` x(12) A(2) call(25)')).not.toContain('man7');
  });

  test('asks where each link and picture leads, in raw HTML, too', () => {
    const asked: string[] = [];
    const text = '[a](b.md#c) ![d](e.png)\n\n<a href="f.md">g</a>\n';
    renderMarkdown(text, (target) => {
      asked.push(target);
      return target;
    });
    expect(asked).toEqual(['b.md#c', 'e.png', 'f.md']);
  });

  test('escapes what code says', () => {
    expect(render('```ts\nconst a: Set<string> = b && "c";\n```')).not.toMatch(/Set<string>|&& /);
    expect(render('```unknown\n<script>\n```')).toContain('&lt;script&gt;');
  });

  test('has its title and its first paragraph as plain text', () => {
    const { title, description } = renderMarkdown('# About `poll(2)`\n\nSome *words*\nabout poll(2).\n', (to) => to);
    expect(title).toBe('About poll(2)');
    expect(description).toBe('Some words about poll(2).');
  });

  test('gives each block of code with its language and the heading above it', () => {
    expect(fencesOf('## One\n\n```ts\na\n```\n\n```text\nb\n```\n')).toEqual([
      { heading: 'One', language: 'ts', text: 'a\n' },
      { heading: 'One', language: 'text', text: 'b\n' },
    ]);
  });
});
