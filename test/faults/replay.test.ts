import { testReplayUnderFaults } from './replay.js';

const variants = [{ backend: 'epoll', trigger: 'level' }];

testReplayUnderFaults({ variants, clients: 20, actions: 300, replays: 2 });
