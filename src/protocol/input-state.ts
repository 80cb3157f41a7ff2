/** The input of a session as plain data. */
import type { LineDecoder } from './line-decoder.js';
import type { Opening } from './opening.js';
import type { Pacer } from './pacer.js';
import { fromBase64, type InputState, toBase64 } from './session-state.js';

/** The parts of a session that its bytes go through. */
export interface InputParts {
  readonly decoder: LineDecoder;
  readonly pacer: Pacer;
  /** Null once the first line has shown that the peer speaks no other protocol. */
  readonly opening: Opening | null;
}

/** Describes what has been received and has not run. */
export function describeInput({ decoder, pacer, opening }: InputParts, nowMs: number): InputState {
  const { rest, isDiscarding } = decoder.state;
  const { waiting, tokens } = pacer.state(nowMs);
  const head = opening === null ? null : toBase64(opening.head);
  return { rest: toBase64(rest), isDiscarding, waiting: toBase64(waiting), opening: head, tokens };
}

/** Goes on where the parts of another session have stopped. @returns the opening from now on */
export function restoreInput({ decoder, pacer, opening }: InputParts, state: InputState): Opening | null {
  decoder.restore({ rest: fromBase64(state.rest), isDiscarding: state.isDiscarding });
  pacer.restore(fromBase64(state.waiting), state.tokens);
  if (state.opening === null) return null;
  opening?.receive(fromBase64(state.opening));
  return opening;
}
