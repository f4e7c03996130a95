/** Who else may mint tokens: a game's own backend, by the setting `TOKEN_ISSUERS`. Pure. */
import { snowflake } from '@patchbay/shared/ids';
import { tokenScopeSchema } from '@patchbay/shared/sign-in';
import { z } from 'zod';

/** The issuer of the tokens that this Worker mints: no game may take the name. */
export const OWN_ISSUER = 'patchbay';
const MIN_SECRET_BYTES = 32;

const shared = {
  issuer: z
    .string()
    .regex(/^[A-Za-z0-9._:/-]{1,128}$/, 'must be 1 to 128 letters, digits and . _ : / -')
    .refine((name) => name.toLowerCase() !== OWN_ISSUER, `must not be "${OWN_ISSUER}": that is this Worker`),
  /** The servers that its tokens may speak for. */
  guilds: z.array(snowflake).min(1, 'must name at least one server').max(1_000),
  /** What its tokens may ask for. */
  scopes: z.array(tokenScopeSchema).min(1).default(['self']),
};

const isLocal = ({ hostname }: URL) => hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
const jwksUrl = z
  .url('must be an address')
  .transform((text) => new URL(text))
  .refine(
    (url) => url.protocol === 'https:' || (url.protocol === 'http:' && isLocal(url)),
    'must be https (http on this machine alone)',
  );

const publicKeyIssuer = <A extends string>(algorithm: A) =>
  z.strictObject({ ...shared, algorithm: z.literal(algorithm), jwksUrl });

const issuerSchema = z.discriminatedUnion('algorithm', [
  z.strictObject({
    ...shared,
    algorithm: z.literal('HS256'),
    secret: z
      .string()
      .refine(
        (text) => new TextEncoder().encode(text).length >= MIN_SECRET_BYTES,
        `must have at least ${MIN_SECRET_BYTES} bytes`,
      ),
  }),
  publicKeyIssuer('RS256'),
  publicKeyIssuer('ES256'),
  publicKeyIssuer('EdDSA'),
]);
/** One algorithm, one key, its servers. */
export type TokenIssuer = z.output<typeof issuerSchema>;

const listSchema = z.array(issuerSchema).superRefine((issuers, context) => {
  const seen = new Set<string>();
  for (const [index, issuer] of issuers.entries()) {
    const secret = issuer.algorithm === 'HS256' ? `secret ${issuer.secret}` : undefined;
    if (seen.has(issuer.issuer)) {
      context.addIssue({ code: 'custom', path: [index, 'issuer'], message: 'is there twice' });
    }
    if (secret !== undefined && seen.has(secret)) {
      const message = 'is another issuer’s too: each needs its own';
      context.addIssue({ code: 'custom', path: [index, 'secret'], message });
    }
    seen.add(issuer.issuer);
    if (secret !== undefined) seen.add(secret);
  }
});

/** `TOKEN_ISSUERS`: a JSON array, or nothing. Errors name the wrong field and never show its value. */
export const issuersSchema = z
  .string()
  .default('')
  .transform((text, context): unknown => {
    if (text.trim() === '') return [];
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a JSON array, such as [{"issuer":"my-game", …}]' });
      return z.NEVER;
    }
  })
  .pipe(listSchema);
