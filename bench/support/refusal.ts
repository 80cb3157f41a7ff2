/** A request that a suite refuses before it measures anything. */

/** Explains the fault of the request, and the right form. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
