import { VARIANTS } from '../cli/chat-server.js';
import { testReplayUnderFaults } from './replay.js';

testReplayUnderFaults({ variants: VARIANTS, clients: 200, actions: 4000, replays: 20 });
