import { PatchbayError } from '@patchbay/shared/errors';
import { type DrizzleD1Database, drizzle as d1 } from 'drizzle-orm/d1';
import { drizzle as libsql } from 'drizzle-orm/libsql/web';
import * as schema from './schema.ts';

/** What both databases can do: no `transaction` (D1 has no BEGIN); use `batch`, which is atomic on both. */
export type Db = Omit<DrizzleD1Database<typeof schema>, 'transaction' | '$client'>;

/**
 * libSQL over HTTP when `LIBSQL_URL` is set, else the D1 binding.
 *
 * @throws {PatchbayError} `database_missing`
 */
export function openDb(
  env: { DB?: D1Database },
  settings: { LIBSQL_URL?: string | undefined; LIBSQL_AUTH_TOKEN?: string | undefined },
): Db {
  if (settings.LIBSQL_URL) {
    const authToken = settings.LIBSQL_AUTH_TOKEN;
    const connection = { url: settings.LIBSQL_URL, ...(authToken ? { authToken } : {}) };
    // The two drivers differ in their result type alone; the contract test runs everything used here on both.
    return libsql({ connection, schema }) as unknown as Db;
  }
  if (!env.DB) throw new PatchbayError('database_missing', 'No database: bind a D1 database as DB or set LIBSQL_URL.');
  return d1(env.DB, { schema });
}
