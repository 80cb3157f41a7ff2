import { expect, test } from 'vitest';
import { mergeMetrics } from '../../src/admin/sample-labels.js';

const textOf = (members: number): string => `# HELP members Those who are here.
# TYPE members gauge
members ${members}

# HELP clients Connections, by protocol.
# TYPE clients gauge
clients{protocol="irc"} 1
clients{protocol="plain"} 2
`;

test('samples of one metric follow each other, and each names its process', () => {
  const texts = new Map([
    ['w1', textOf(3)],
    ['w2', textOf(4)],
    ['control', '# TYPE other counter\nother 5\n'],
  ]);
  expect(mergeMetrics('worker', texts)).toBe(`# HELP members Those who are here.
# TYPE members gauge
members{worker="w1"} 3
members{worker="w2"} 4

# HELP clients Connections, by protocol.
# TYPE clients gauge
clients{worker="w1",protocol="irc"} 1
clients{worker="w1",protocol="plain"} 2
clients{worker="w2",protocol="irc"} 1
clients{worker="w2",protocol="plain"} 2

# TYPE other counter
other{worker="control"} 5
`);
});

test('no process has no metrics', () => {
  expect(mergeMetrics('worker', new Map())).toBe('');
});
