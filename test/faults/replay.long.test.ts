import { DEFAULT, VARIANTS } from '../cli/chat-server.js';
import { testReplayUnderFaults } from './replay.js';

testReplayUnderFaults({ variants: VARIANTS, clients: 200, actions: 4000, replays: 20 });
testReplayUnderFaults({ variants: [DEFAULT], clients: 200, actions: 4000, replays: 20, hasStore: true });
