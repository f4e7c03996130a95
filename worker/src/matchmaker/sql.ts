type Value = ArrayBuffer | string | number | null;

/** The part of `SqlStorage` that the queue needs: so that it runs on `node:sqlite` too, in tests and benches. */
export interface Sql {
  exec<T extends Record<string, Value>>(query: string, ...bindings: Value[]): { toArray(): T[] };
}

/** The part of `DurableObjectStorage` that the queue needs. */
export interface SqlHost {
  readonly sql: Sql;
  /** All or nothing; not to be nested. */
  transactionSync<T>(work: () => T): T;
}
