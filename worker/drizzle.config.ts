import { defineConfig } from 'drizzle-kit';

const { LIBSQL_URL: url, LIBSQL_AUTH_TOKEN: authToken } = process.env;

// "turso" generates plain SQLite, which D1 and libSQL both take. Generating needs no database; `drizzle-kit migrate` does.
export default defineConfig({
  dialect: 'turso',
  schema: './worker/src/db/schema.ts',
  out: './migrations',
  ...(url ? { dbCredentials: { url, ...(authToken ? { authToken } : {}) } } : {}),
});
