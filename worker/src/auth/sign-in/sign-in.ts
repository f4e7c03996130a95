import { DurableObject } from 'cloudflare:workers';
import { type DiscordTokens, discordTokensSchema, revokeTokens } from '../../discord/oauth2.ts';
import { type Env, fleetOf, settingsOf } from '../../env.ts';
import { open, seal } from '../seal.ts';
import { currentGuilds } from './discord-guilds.ts';
import { judgeRenewal, revokeAgainAfter, type SignInRecord } from './policy.ts';
import { type Revocation, SignInStore } from './store.ts';

/** What a renewed (or new) sign-in gives. */
export interface SignedIn {
  ok: true;
  userId: string;
  guilds: string[];
  counter: number;
}
export type RenewalRefusal = 'refresh_refused' | 'refresh_reused' | 'discord_revoked' | 'discord_unavailable';
export type Renewal = SignedIn | { ok: false; code: RenewalRefusal };

/**
 * One sign-in of one browser, named by a random id. An object of its own, because cookie and Discord's refresh token are both used
 * up by a renewal: two at a time must go one after the other.
 */
export class SignIn extends DurableObject<Env> {
  readonly #store: SignInStore;
  #last: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new SignInStore(ctx.storage.sql);
  }

  /** Begins. `discord` is encrypted before it is stored. */
  async begin(start: { userId: string; guilds: string[]; discord?: DiscordTokens }): Promise<SignedIn> {
    const { JWT_SECRET, SIGN_IN_MS } = settingsOf(this.env);
    const { userId, guilds, discord } = start;
    const now = Date.now();
    const record: SignInRecord = { userId, guilds, counter: 0, renewedAt: now, expiresAt: now + SIGN_IN_MS };
    if (discord) record.discord = await seal(JWT_SECRET, 'discord tokens', discord);
    await this.#put(record);
    return { ok: true, userId, guilds, counter: 0 };
  }

  /** Renews it for the cookie with this number; the list of servers is asked of Discord anew. One after the other. */
  renew(counter: number): Promise<Renewal> {
    const renewal = this.#last.then(() => this.#renew(counter));
    this.#last = renewal.catch(() => undefined);
    return renewal;
  }

  /** Ends it for good, at once; Discord is told as soon as it listens. */
  async end(): Promise<void> {
    const discord = this.#record()?.discord;
    if (discord === undefined) {
      // Nothing is owed, or a revocation is under way already.
      if (!this.#store.get('revocation')) await this.#forget();
      return;
    }
    // In one turn: both are stored or neither.
    this.#store.delete('sign-in');
    this.#store.put('revocation', { discord, failures: 0 });
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** Is something left to be given back to Discord? */
  owes(): boolean {
    return this.#store.get('revocation') !== undefined;
  }

  /** The end of an unused sign-in, or another try of a revocation. */
  override async alarm(): Promise<void> {
    const revocation = this.#store.get('revocation');
    if (revocation) await this.#revoke(revocation);
    else if ((this.#record()?.expiresAt ?? 0) <= Date.now()) await this.end();
  }

  async #renew(counter: number): Promise<Renewal> {
    const { REFRESH_GRACE_MS, SIGN_IN_MS } = settingsOf(this.env);
    const record = this.#record();
    const verdict = judgeRenewal(record, counter, Date.now(), REFRESH_GRACE_MS);
    if (!record || verdict === 'over') return { ok: false, code: 'refresh_refused' };
    const { userId } = record;
    if (verdict === 'again') return { ok: true, userId, guilds: record.guilds, counter: record.counter };
    if (verdict === 'reused') {
      await this.end();
      return { ok: false, code: 'refresh_reused' };
    }
    const guilds = await this.#guilds(record);
    // It may have been ended while Discord was asked.
    const newest = this.#record();
    if (!newest) return { ok: false, code: 'refresh_refused' };
    if (guilds === 'refused') {
      await this.#forget();
      return { ok: false, code: 'discord_revoked' };
    }
    if (guilds === 'unavailable') return { ok: false, code: 'discord_unavailable' };
    const now = Date.now();
    const renewed = { ...newest, guilds, counter: counter + 1, renewedAt: now, expiresAt: now + SIGN_IN_MS };
    await this.#put(renewed);
    return { ok: true, userId, guilds, counter: renewed.counter };
  }

  /** The person's servers in which we are, now; those of a one-time code are what the operator said. */
  async #guilds(record: SignInRecord): Promise<string[] | 'refused' | 'unavailable'> {
    if (record.discord === undefined) return record.guilds;
    const settings = settingsOf(this.env);
    const tokens = discordTokensSchema.safeParse(await open(settings.JWT_SECRET, 'discord tokens', record.discord));
    if (!tokens.success) return 'refused';
    const answer = await currentGuilds(settings, tokens.data, async (renewed) => {
      const newest = this.#record();
      const discord = await seal(settings.JWT_SECRET, 'discord tokens', renewed);
      if (newest) await this.#put({ ...newest, discord });
    });
    return answer.ok ? fleetOf(this.env).knownGuilds(answer.value) : answer.problem;
  }

  async #revoke({ discord, failures }: Revocation): Promise<void> {
    const settings = settingsOf(this.env);
    const tokens = discordTokensSchema.safeParse(await open(settings.JWT_SECRET, 'discord tokens', discord));
    const answer = tokens.success ? await revokeTokens(settings, tokens.data.refresh) : null;
    const again = answer?.ok === false && answer.problem === 'unavailable' ? revokeAgainAfter(failures + 1) : null;
    if (again === null) {
      await this.#forget();
      return;
    }
    this.#store.put('revocation', { discord, failures: failures + 1 });
    await this.ctx.storage.setAlarm(Date.now() + again);
  }

  #record(): SignInRecord | undefined {
    return this.#store.get('sign-in');
  }

  async #put(record: SignInRecord): Promise<void> {
    this.#store.put('sign-in', record);
    await this.ctx.storage.setAlarm(record.expiresAt);
  }

  async #forget(): Promise<void> {
    await Promise.all([this.ctx.storage.deleteAlarm(), this.ctx.storage.deleteAll()]);
  }
}
