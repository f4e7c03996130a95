import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a code may be exchanged, in ms (RFC 6749 §4.1.2 recommends ten minutes at most). */
export const codeLifeMs = 10 * 60_000;
/** How long an access token works, in seconds: a week. */
export const accessTokenSeconds = 604_800;

/** What a person has let an application do. */
export interface Authorization {
  applicationId: string;
  userId: string;
  scopes: string[];
  /** The guild that the bot was added to on the way. */
  guildId?: string | undefined;
}

export interface Code extends Authorization {
  redirectUri: string;
  /** PKCE (RFC 7636), S256 only. */
  challenge?: string | undefined;
}

export interface Tokens extends Authorization {
  accessToken: string;
  /** None for client credentials. */
  refreshToken: string | undefined;
  expiresAt: number;
}

const random = (bytes: number) => randomBytes(bytes).toString('base64url').replaceAll(/[-_]/g, 'x');

/** Codes and tokens. Pure but for randomness: the caller says what time it is, in ms. */
export class Grants {
  readonly #codes = new Map<string, { code: Code; expiresAt: number; tokens: Tokens | undefined }>();
  readonly #tokens = new Set<Tokens>();

  issueCode(code: Code, now: number): string {
    const value = random(22);
    this.#codes.set(value, { code, expiresAt: now + codeLifeMs, tokens: undefined });
    return value;
  }

  /** Undefined for a code that is wrong, late, of another application, or used; a used one also ends what it gave. */
  exchange(value: string, applicationId: string, now: number): Code | undefined {
    const entry = this.#codes.get(value);
    if (!entry || entry.code.applicationId !== applicationId || entry.expiresAt <= now) return undefined;
    if (entry.tokens) {
      this.#tokens.delete(entry.tokens);
      return undefined;
    }
    return entry.code;
  }

  /** Makes tokens, for a code (which is used up by that) or otherwise. */
  issueTokens(
    authorization: Authorization,
    now: number,
    options: { code?: string; refreshable?: boolean } = {},
  ): Tokens {
    const { applicationId, userId, scopes, guildId } = authorization;
    const tokens: Tokens = {
      applicationId,
      userId,
      scopes,
      guildId,
      accessToken: random(22),
      refreshToken: (options.refreshable ?? true) ? random(22) : undefined,
      expiresAt: now + accessTokenSeconds * 1000,
    };
    this.#tokens.add(tokens);
    const entry = options.code === undefined ? undefined : this.#codes.get(options.code);
    if (entry) entry.tokens = tokens;
    return tokens;
  }

  /** Takes the old tokens out of service: a refresh token works once. */
  refresh(refreshToken: string, applicationId: string): Tokens | undefined {
    const found = [...this.#tokens].find((tokens) => tokens.refreshToken === refreshToken);
    if (found?.applicationId !== applicationId) return undefined;
    this.#tokens.delete(found);
    return found;
  }

  byAccessToken(accessToken: string, now: number): Tokens | undefined {
    const found = [...this.#tokens].find((tokens) => tokens.accessToken === accessToken);
    return found && found.expiresAt > now ? found : undefined;
  }

  /** Ends all tokens of the authorization that this access or refresh token belongs to. */
  revoke(token: string, applicationId: string): void {
    const found = [...this.#tokens].find(
      (tokens) =>
        tokens.applicationId === applicationId && (tokens.accessToken === token || tokens.refreshToken === token),
    );
    if (!found) return;
    for (const tokens of [...this.#tokens]) {
      if (tokens.applicationId === applicationId && tokens.userId === found.userId) this.#tokens.delete(tokens);
    }
  }

  /** Has this person authorized the application for all of these scopes before? (`prompt=none`) */
  covers(userId: string, applicationId: string, scopes: readonly string[]): boolean {
    return [...this.#tokens].some(
      (tokens) =>
        tokens.userId === userId &&
        tokens.applicationId === applicationId &&
        scopes.every((scope) => tokens.scopes.includes(scope)),
    );
  }
}

/** RFC 7636 §4.6. */
export function verifierFits(challenge: string, verifier: string): boolean {
  const expected = Buffer.from(challenge);
  const actual = Buffer.from(createHash('sha256').update(verifier).digest('base64url'));
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
