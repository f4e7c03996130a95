import { PatchbayError } from '@patchbay/shared/errors';
import { type ClientMessage, hubCloseCodes } from '@patchbay/shared/hub-protocol';
import type { Viewer } from '../access/sight.ts';
import { verifyToken } from '../auth/token.ts';
import { type Env, guildOf, settingsOf } from '../env.ts';
import type { ViewerAnswer } from '../guild/viewers.ts';
import type { Client, Clients } from './clients.ts';
import type { Pictures } from './pictures.ts';
import type { Sender } from './sender.ts';

/** Roles that were asked for no longer ago than this are good enough for a new socket. Milliseconds. */
const ROLES_FRESH_MS = 60_000;
/** Without an answer of Discord for so many periods of checking, a viewer is sent away. */
const STALE_PERIODS = 12;
/** Where roles are reported as they change, they are asked for so much less often: only lest a report got lost. */
const REPORTED_PERIODS = 12;
/** Viewers that one alarm asks for; the rest follows. */
const CHECKS_AT_ONCE = 200;

/** Who comes in, and who may stay. */
export class Door {
  readonly #env: Env;
  readonly #parts: { clients: Clients; sender: Sender; pictures: Pictures };

  constructor(env: Env, parts: { clients: Clients; sender: Sender; pictures: Pictures }) {
    this.#env = env;
    this.#parts = parts;
  }

  /** Takes an auth message: the first one, or one that renews the token. */
  async admit(client: Client, { token, since }: Extract<ClientMessage, { type: 'auth' }>): Promise<void> {
    const { clients, sender, pictures } = this.#parts;
    const settings = settingsOf(this.#env);
    const { HUB_USER_SOCKETS } = settings;
    const refuse = (closeCode: number, code: string, message: string) =>
      sender.refuse(client, closeCode, code, message);
    let claims: Awaited<ReturnType<typeof verifyToken>>;
    try {
      claims = await verifyToken(settings, token);
    } catch (error) {
      if (!(error instanceof PatchbayError)) throw error;
      // Keys that could not be fetched say nothing of the token: it may be sent again.
      const later = error.code === 'issuer_unavailable';
      refuse(later ? hubCloseCodes.tryLater : hubCloseCodes.tokenRefused, error.code, error.message);
      return;
    }
    const { sub: userId, scope, exp } = claims;
    if (!claims.guilds.includes(client.guildId)) {
      refuse(hubCloseCodes.notYourGuild, 'not_your_guild', 'The token does not speak for this server.');
      return;
    }
    if (client.viewer && client.viewer.userId !== userId) {
      refuse(hubCloseCodes.tokenRefused, 'token_of_another', 'The token is of another user. Open another connection.');
      return;
    }
    const others = [...clients.ofUser(userId)].filter((other) => other !== client && other.stage === 'ready');
    if (others.length >= HUB_USER_SOCKETS) {
      refuse(hubCloseCodes.tooFast, 'too_many_connections', 'You have too many connections. Close some pages.');
      return;
    }
    const viewer = await this.#viewerOf(client, userId, scope);
    if (!viewer || client.stage === 'closing') return;
    clients.identify(client, viewer);
    client.closeAt = exp * 1000;
    client.checkedAt = Date.now();
    client.checkAt = viewer.scope === 'self' ? Number.POSITIVE_INFINITY : this.#nextCheck();
    clients.keep(client);
    await pictures.greet(client, since);
  }

  /** Asks again for the roles of those whose turn it is. */
  async check(now: number): Promise<void> {
    const { clients, sender } = this.#parts;
    const due = clients.ready().filter((client) => client.checkAt <= now);
    const users = Map.groupBy(due, (client) => client.viewer?.userId ?? '');
    const period = this.#period();
    let away = false;
    for (const [userId, theirs] of [...users].slice(0, CHECKS_AT_ONCE)) {
      const [first] = theirs;
      if (!first) continue;
      // One unanswered request says it of all: whoever is left has waited for nothing, and is asked for at the next turn.
      const answer: ViewerAnswer = away
        ? { kind: 'unknown' }
        : await guildOf(this.#env, first.guildId).viewer(userId, period / 2);
      away ||= answer.kind === 'unknown';
      for (const client of theirs) {
        client.checkAt = this.#nextCheck();
        if (answer.kind === 'stranger') this.endMembership(client);
        if (answer.kind === 'member') client.checkedAt = now;
        if (answer.kind === 'unknown' && now - client.checkedAt > STALE_PERIODS * period) {
          sender.refuse(client, hubCloseCodes.tryLater, 'discord_unavailable', unavailable);
        }
        if (client.stage === 'ready') clients.keep(client);
      }
      if (answer.kind === 'member') this.setRoles(userId, answer.roles);
    }
    await this.#parts.pictures.review();
  }

  /** A viewer has other roles now, or (`null`) is no member any more. What they may see is looked at by `Pictures.review`. */
  setRoles(userId: string, roles: string[] | null): void {
    for (const client of [...this.#parts.clients.ofUser(userId)]) {
      if (roles === null) this.endMembership(client);
      else if (client.viewer?.scope === 'guild') {
        client.viewer = { ...client.viewer, roles };
        this.#parts.clients.keep(client);
      }
    }
  }

  endMembership(client: Client): void {
    if (client.stage === 'closing') return;
    const message = 'You are not a member of this server.';
    this.#parts.sender.refuse(client, hubCloseCodes.notYourGuild, 'not_a_member', message);
  }

  /** The viewer with their roles; `null` when they were refused. Scope `self` needs none, and Discord is not asked. */
  async #viewerOf(client: Client, userId: string, scope: Viewer['scope']): Promise<Viewer | null> {
    if (scope === 'self') return { userId, scope, roles: [] };
    const answer = await guildOf(this.#env, client.guildId).viewer(userId, ROLES_FRESH_MS);
    if (answer.kind === 'member') return { userId, scope, roles: answer.roles };
    if (answer.kind === 'stranger') this.endMembership(client);
    else this.#parts.sender.refuse(client, hubCloseCodes.tryLater, 'discord_unavailable', unavailable);
    return null;
  }

  #period(): number {
    return settingsOf(this.#env).VIEWER_CHECK_MS * (this.#parts.pictures.membersReported ? REPORTED_PERIODS : 1);
  }

  /** Spread, so that those who came together are not asked for together. */
  #nextCheck(): number {
    return Date.now() + this.#period() * (0.75 + Math.random() / 2);
  }
}

const unavailable = 'Discord does not say now what you may see. Try again later.';
