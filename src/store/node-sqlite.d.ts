/** The part of `node:sqlite` that the store uses, which the types of Node.js 20 do not have. */
declare module 'node:sqlite' {
  type Value = string | number | Uint8Array | null;
  class StatementSync {
    run(...values: readonly Value[]): unknown;
    get(...values: readonly Value[]): object | undefined;
    all(...values: readonly Value[]): object[];
    iterate(...values: readonly Value[]): IterableIterator<object>;
  }
  export class DatabaseSync {
    constructor(path: string, options: { readonly readOnly: boolean; readonly timeout: number });
    exec(sql: string): void;
    prepare(sql: string): StatementSync;
    close(): void;
  }
}
