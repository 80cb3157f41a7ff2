/** The callbacks of one occasion, in the order in which they were given. */
export class CallbackList<Argument = void> {
  /** Replaced, never changed: a callback may add or remove others while they are called. */
  #callbacks: readonly ((argument: Argument) => void)[] = [];

  /** @returns a function that removes the callback */
  add(callback: (argument: Argument) => void): () => void {
    this.#callbacks = [...this.#callbacks, callback];
    return () => {
      this.#callbacks = this.#callbacks.filter((other) => other !== callback);
    };
  }

  /** Calls them all. @param fail takes the error that one of them throws */
  call(argument: Argument, fail: (error: unknown) => void): void {
    if (this.#callbacks.length === 0) return;
    for (const callback of this.#callbacks) {
      try {
        callback(argument);
      } catch (error) {
        fail(error);
      }
    }
  }
}
