/** The text relay of one session: which message goes where, what becomes of it, what its writer is told. I/O is the outlet's. */
import { listenersOf } from '@patchbay/shared/routing';
import type { LegSpec, RelaySide, SessionSpec } from '@patchbay/shared/session-spec';
import { copyText } from './copy.ts';
import { instantOf, type RelayEvent, type Written } from './incoming.ts';
import { Lane } from './lane.ts';
import type { Outlet } from './outlet.ts';
import { RateLimit } from './rate-limit.ts';
import { type NoteKind, type RelayWords, relayWords } from './words.ts';

/** Messages whose edits and deletions still go over; older ones are forgotten. */
const REMEMBERED = 2_000;

/** A leg that sends and gets text now. */
type RelayLeg = LegSpec & { relay: RelaySide };

interface Copy {
  to: RelayLeg;
  /** Known once it is posted. */
  messageId?: string;
}

/** A message that went over: ids alone, no words. */
interface Relayed {
  source: RelayLeg;
  copies: Copy[];
  editedAt: string | null;
  deleted: boolean;
}

export interface SessionRelayOptions {
  sessionId: string;
  outlet: Outlet;
  /** Names of a guild's channels, by id, as an identity knows them. */
  channelNames: (identityId: string, guildId: string) => ReadonlyMap<string, string>;
  onFailure: (error: unknown, what: string) => void;
}

/**
 * The legs that relay now: opted in, connected, neither a monitor nor on hold, and with somebody to send to or get from. Pure.
 */
export function relayLegs(spec: SessionSpec, connected: ReadonlySet<string>): RelayLeg[] {
  const held = new Set(spec.holds);
  const able = spec.legs.flatMap((leg): RelayLeg[] =>
    leg.relay && leg.role !== 'monitor' && connected.has(leg.legId) && !held.has(leg.legId)
      ? [{ ...leg, relay: leg.relay }]
      : [],
  );
  const ids = new Set(able.map(({ legId }) => legId));
  const paired = new Set(spec.routes.filter((route) => route.every((legId) => ids.has(legId))).flat());
  return able.filter(({ legId }) => paired.has(legId));
}

export class SessionRelay {
  readonly #options: SessionRelayOptions;
  #legs: RelayLeg[] = [];
  #routes: SessionSpec['routes'] = [];
  readonly #limits = new Map<string, RateLimit>();
  readonly #lanes = new Map<string, Lane>();
  readonly #relayed = new Map<string, Relayed>();
  /** What each writer was told already: `kind/author`. */
  readonly #told = new Set<string>();
  /** Legs whose people know that they are relayed. */
  readonly #begun = new Set<string>();
  readonly #closing = new AbortController();

  constructor(options: SessionRelayOptions) {
    this.#options = options;
  }

  /** Who takes part now: `connected` are the legs that were ready once. */
  update(spec: SessionSpec, connected: ReadonlySet<string>): void {
    this.#legs = relayLegs(spec, connected);
    this.#routes = spec.routes;
    for (const leg of this.#legs) {
      if (this.#begun.has(leg.legId)) continue;
      this.#begun.add(leg.legId);
      this.#say(leg, relayWords[leg.relay.language].began, `b${this.#options.sessionId.slice(0, 24)}`);
    }
  }

  /** Something happened to messages, as `identityId` hears it. */
  take(identityId: string, event: RelayEvent): void {
    if (this.#closing.signal.aborted) return;
    if (event.kind === 'written') this.#written(identityId, event.message);
    else if (event.kind === 'edited') this.#edited(identityId, event.message);
    else for (const messageId of event.messageIds) this.#deleted(identityId, messageId);
  }

  /** From here on nothing is posted, edited or deleted; what was posted stays. */
  close(): void {
    this.#closing.abort();
    this.#relayed.clear();
  }

  #written(identityId: string, message: Written): void {
    const source = this.#legs.find((leg) => leg.channelId === message.channelId && leg.identityId === identityId);
    // A gateway that resumes may tell of a message twice.
    if (!source || this.#relayed.has(message.messageId)) return;
    const targets = listenersOf(this.#routes, source.legId).flatMap(
      (legId) => this.#legs.find((leg) => leg.legId === legId) ?? [],
    );
    if (targets.length === 0 || !this.#mayGoOver(source, message)) return;
    const relayed: Relayed = {
      source,
      copies: targets.map((to) => ({ to })),
      editedAt: message.editedAt,
      deleted: false,
    };
    this.#remember(message.messageId, relayed);
    for (const copy of relayed.copies) {
      const content = this.#render(message, source, copy.to);
      this.#do(copy.to, message, source, async (signal) => {
        if (relayed.deleted) return;
        copy.messageId = await this.#options.outlet.post(copy.to, content, `r${message.messageId}`, signal);
      });
    }
  }

  #edited(identityId: string, message: Written): void {
    const relayed = this.#relayed.get(message.messageId);
    if (relayed?.source.identityId !== identityId || relayed.deleted) return;
    // Discord tells of embeds and pins in the same way.
    if (relayed.editedAt === message.editedAt) return;
    const source = this.#legs.find(({ legId }) => legId === relayed.source.legId);
    if (!source || !this.#mayGoOver(source, message)) return;
    relayed.editedAt = message.editedAt;
    for (const copy of relayed.copies) {
      if (!this.#legs.some(({ legId }) => legId === copy.to.legId)) continue;
      const content = this.#render(message, source, copy.to);
      this.#do(copy.to, message, source, async (signal) => {
        if (relayed.deleted || copy.messageId === undefined) return;
        await this.#options.outlet.edit(copy.to, copy.messageId, content, signal);
      });
    }
  }

  /** What a person takes back goes everywhere, on hold and over the limit too. */
  #deleted(identityId: string, messageId: string): void {
    const relayed = this.#relayed.get(messageId);
    if (relayed?.source.identityId !== identityId || relayed.deleted) return;
    relayed.deleted = true;
    for (const copy of relayed.copies) {
      const removed = this.#lane(copy.to).add(async () => {
        const { signal } = this.#closing;
        if (!signal.aborted && copy.messageId !== undefined) {
          await this.#options.outlet.remove(copy.to, copy.messageId, signal);
        }
      }, 'always');
      removed.catch((error) => this.#options.onFailure(error, 'a deletion could not be relayed'));
    }
  }

  #mayGoOver(source: RelayLeg, message: Written): boolean {
    const limit = this.#limits.get(source.legId) ?? new RateLimit();
    this.#limits.set(source.legId, limit);
    if (!limit.take(instantOf(message))) {
      this.#note(source, message, 'tooFast');
      return false;
    }
    // The next one that is held back is told again: nothing is dropped silently.
    this.#told.delete(`tooFast/${message.authorId}`);
    return true;
  }

  #render(message: Written, source: RelayLeg, to: RelayLeg): string {
    const { channelNames } = this.#options;
    const { content, filtered, cut } = copyText(
      message,
      {
        anonymous: source.relay.anonymous,
        ...(this.#legs.length > 2 ? { label: source.label } : {}),
        channels: channelNames(source.identityId, source.guildId),
      },
      to.relay.language,
    );
    if (filtered) this.#note(source, message, 'filtered');
    if (cut) this.#note(source, message, 'shortened');
    return content;
  }

  /** Tells the writer, in their own channel, once. */
  #note(source: RelayLeg, { messageId, authorId }: Written, kind: NoteKind): void {
    if (this.#told.has(`${kind}/${authorId}`)) return;
    this.#told.add(`${kind}/${authorId}`);
    const words: RelayWords = relayWords[source.relay.language];
    this.#say(source, words[kind](`<@${authorId}>`), `${kind[0]}${messageId}`);
  }

  #say(leg: RelayLeg, text: string, nonce: string): void {
    const said = this.#lane(leg).add(async () => {
      const { signal } = this.#closing;
      if (!signal.aborted) await this.#options.outlet.post(leg, text, nonce, signal);
    });
    said.catch((error) => this.#options.onFailure(error, 'a note of the text relay could not be written'));
  }

  #do(to: RelayLeg, message: Written, source: RelayLeg, work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#closing;
    const done = this.#lane(to).add(async () => {
      if (!signal.aborted) await work(signal);
    });
    done.catch((error) => {
      if (signal.aborted) return;
      this.#options.onFailure(error, 'a message could not be relayed');
      this.#note(source, message, 'undelivered');
    });
  }

  #lane({ legId }: RelayLeg): Lane {
    const lane = this.#lanes.get(legId) ?? new Lane();
    this.#lanes.set(legId, lane);
    return lane;
  }

  #remember(messageId: string, relayed: Relayed): void {
    this.#relayed.set(messageId, relayed);
    if (this.#relayed.size <= REMEMBERED) return;
    for (const oldest of this.#relayed.keys()) {
      this.#relayed.delete(oldest);
      return;
    }
  }
}
