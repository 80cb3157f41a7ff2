/** A request that a suite refuses before it measures anything. */

/** Says what is wrong with the request, and what would be right. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
