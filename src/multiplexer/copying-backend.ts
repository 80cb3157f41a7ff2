/** The base of the poll and the select backend: the kernel keeps nothing, and gets the whole set with each call. */
export abstract class CopyingBackend {
  readonly hasExclusive: boolean = false;
  readonly holdsCopyOfSet: boolean = true;
  readonly hasReady: boolean = false;
  readonly isWaiterCostly: boolean = true;
  readonly staleEvents: number = 0;
  readonly directWaits: number = 0;
  readonly rebuilds: number = 0;

  close(): void {
    // There is nothing that the kernel keeps.
  }
}
