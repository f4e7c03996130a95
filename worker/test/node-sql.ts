/** The storage of the matchmaker on `node:sqlite`: thousands of steps in a test or bench, without a Worker. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Sql, SqlHost } from '../src/matchmaker/sql.ts';

type Exec = Sql['exec'];

/**
 * @param path of the file; without it the database is in memory
 * @example new Matching(new NodeSql(), options)
 */
export class NodeSql implements SqlHost {
  readonly database: DatabaseSync;
  readonly sql: Sql;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path = ':memory:') {
    this.database = new DatabaseSync(path);
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const exec: Exec = (query, ...bindings) => {
      // Like SqlStorage: it runs at once, whether the rows are read or not.
      const rows = this.#prepare(query).all(...(bindings as (string | number | null)[]));
      return { toArray: () => rows as never };
    };
    this.sql = { exec };
  }

  transactionSync<T>(work: () => T): T {
    this.sql.exec('BEGIN');
    try {
      const result = work();
      this.sql.exec('COMMIT');
      return result;
    } catch (error) {
      this.sql.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(query: string): StatementSync {
    const known = this.#statements.get(query);
    if (known) return known;
    const statement = this.database.prepare(query);
    this.#statements.set(query, statement);
    return statement;
  }
}
