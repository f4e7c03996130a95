import { defineConfig } from 'drizzle-kit';

// "turso" generates plain SQLite, which D1 and libSQL both take; it needs no database to generate.
export default defineConfig({ dialect: 'turso', schema: './worker/src/db/schema.ts', out: './migrations' });
