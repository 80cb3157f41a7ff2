/** The part of better-sqlite3 that the store uses. */
declare module 'better-sqlite3' {
  type Value = string | number | Uint8Array | null;
  interface Statement {
    run(...values: readonly Value[]): unknown;
    get(...values: readonly Value[]): object | undefined;
    all(...values: readonly Value[]): object[];
    iterate(...values: readonly Value[]): IterableIterator<object>;
  }
  export default class Database {
    constructor(path: string, options: { readonly readonly: boolean; readonly timeout: number });
    exec(sql: string): void;
    prepare(sql: string): Statement;
    close(): void;
  }
}
