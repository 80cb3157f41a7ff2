import { expect, onTestFinished, test } from 'vitest';
import { FrameChannel } from '../../src/domains/frame-channel.js';
import { isVisit, isWord, MAX_ROOMS, type Visit, type Word } from '../../src/domains/messages.js';
import { encodeFrame } from '../../src/log/frames.js';
import { QuietChannel } from '../support/quiet-channel.js';

test('an error in the handler of a message closes the channel, and goes no further', () => {
  const channel = new QuietChannel();
  const reasons: string[] = [];
  const frames = new FrameChannel<Visit>(channel, isVisit, {
    heard: () => {
      throw new TypeError('nobody has thought of this');
    },
    violated: (why) => void reasons.push(why),
  });
  onTestFinished(() => frames.end());
  frames.take(encodeFrame({ kind: 'stop', id: 1 }));
  frames.take(encodeFrame({ kind: 'stop', id: 1 }));
  expect(channel.isClosed).toBe(true);
  expect(reasons).toEqual(["its message 'stop' has failed: TypeError: nobody has thought of this"]);
});

test('the greeting of a home has room for as many names of rooms as it may share', () => {
  const heard: Word[] = [];
  const frames = new FrameChannel<Word>(new QuietChannel(), isWord, {
    heard: (word) => void heard.push(word),
    violated: (why) => expect.fail(why),
  });
  onTestFinished(() => frames.end());
  const hello: Word = {
    kind: 'hello',
    version: 1,
    domain: 'x'.repeat(63),
    label: 'x'.repeat(63),
    epoch: 'x'.repeat(64),
    rooms: Array.from({ length: MAX_ROOMS }, () => `#${'"'.repeat(63)}`),
  };
  frames.take(encodeFrame(hello));
  expect(heard).toEqual([hello]);
});
