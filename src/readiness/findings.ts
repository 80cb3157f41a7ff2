/** The findings of a helper thread, three numbers each; see the binding's `waitThreadTake`. */
export type Findings = Int32Array;

export const FINDING_WORDS = 3;

export const NO_FINDINGS: Findings = new Int32Array(0);
