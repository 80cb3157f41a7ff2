import { testReplayUnderFaults } from './replay.js';

testReplayUnderFaults({
  variants: [{ backend: 'epoll', trigger: 'level' }],
  ...{ clients: 20, actions: 300, replays: 3 },
});
