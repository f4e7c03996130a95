import { z } from 'zod';

/** A Discord id: a 64-bit unsigned integer in decimal. */
export const snowflake = z.string().regex(/^\d{1,20}$/, 'must be a Discord id (digits only)');

/** A ULID: 26 characters of Crockford base 32, sortable by time. */
export const ulidSchema = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, 'must be a ULID');

/** The name of a voice node, as set by `NODE_ID`. It appears in headers and paths, hence the narrow alphabet. */
export const nodeIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and -');

/** An instant in milliseconds since the Unix epoch; fractions are allowed (packets arrive between milliseconds). */
export const instant = z.number().nonnegative();
