import { DurableObject } from 'cloudflare:workers';
import { type Ephemeral, NODE_LOST_MS, type SealOrder } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { FinaliseOrder, FlushOrder, MailOrder } from '@patchbay/shared/recording-orders';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { SIGNATURE_WINDOW_MS } from '@patchbay/shared/signing';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, hubOf, recordingOf, sessionOf, settingsOf } from '../env.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { reciprocate } from '../sockets/reciprocate.ts';
import { CaptionLease } from './caption-lease.ts';
import { claimIdentities } from './claims.ts';
import { candidateNodes, type NodeCandidate } from './placement.ts';
import { endMessage, reconcile, withEpochs } from './reconcile.ts';
import { ControlSockets, parseNodeMessage } from './sockets.ts';
import { FleetStore, type Hello } from './store.ts';

/** What the fleet owes to sessions. */
type FleetEffect =
  | { kind: 'lost' }
  | { kind: 'tombstone'; reason: EndReason; by?: string }
  | { kind: 'refused'; code: string; message: string };

export type Placement = { ok: true; epochs: Record<string, number> } | { ok: false; code: string };

/** Silent nodes are looked for so often while any is known to run something. Milliseconds. */
const WATCH_MS = 2_500;

/** The voice nodes of a deployment: control sockets, identity leases, and which session each should run. */
export class Fleet extends DurableObject<Env> {
  readonly #store: FleetStore;
  readonly #sockets: ControlSockets;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<FleetEffect>;
  readonly #captions: CaptionLease;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new FleetStore(ctx.storage.sql);
    this.#sockets = new ControlSockets(ctx, this.#store);
    this.#captions = new CaptionLease(ctx.storage.sql, this.#sockets, () => settingsOf(env).DEEPGRAM_CONNECTIONS);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (lane, effects) => this.#deliver(lane, effects));
  }

  /** The upgrade of a control socket; the app has verified the signature and that the path names the signer. */
  override async fetch(request: Request): Promise<Response> {
    return this.#sockets.accept(request.headers.get('x-patchbay-node') ?? '');
  }

  /** `false` when this nonce was seen within the time that a signature lives. */
  useNonce(nodeId: string, nonce: string): boolean {
    const now = Date.now();
    return this.#store.useNonce(`${nodeId}:${nonce}`, now + 2 * SIGNATURE_WINDOW_MS, now);
  }

  hasGuild(guildId: string): boolean {
    return this.#store.hasGuild(guildId);
  }

  /** Those of these guilds that an identity is in. */
  knownGuilds(guildIds: string[]): string[] {
    return guildIds.filter((guildId) => this.#store.hasGuild(guildId));
  }

  /** Can a voice node that serves a guild relay text (`MESSAGE_CONTENT`)? */
  canRelay(guildId: string): boolean {
    return this.#store.canRelay(guildId);
  }

  /** Can a voice node that serves a guild caption (it has `DEEPGRAM_API_KEY`)? `true` as well where none of them has said. */
  canCaption(guildId: string): boolean {
    return this.#captions.serves(guildId);
  }

  /** Every identity of the deployment, and whether it is a member of a guild. */
  identitiesIn(guildId: string): { identityId: string; member: boolean }[] {
    return this.#store.identitiesIn(guildId);
  }

  /** A guild learned that an identity is a member of it, or no longer. */
  setMember(guildId: string, identityId: string, member: boolean): void {
    this.#store.setMembership(guildId, identityId, member);
  }

  /** Nodes that could hold a session with a leg in each guild, best first. */
  candidates(guildIds: string[]): { nodes: NodeCandidate[]; guildsWithout: string[] } {
    const nodes = this.#store.nodeIds().filter((nodeId) => this.#sockets.isHealthy(nodeId));
    return candidateNodes(
      nodes.map((nodeId) => this.#store.load(nodeId)),
      guildIds,
    );
  }

  /** The identities that a node owns, the main one first. */
  identitiesOf(nodeId: string): string[] {
    return this.#store.load(nodeId).identityIds;
  }

  /** The epochs under which a node may use these identities now. */
  place(nodeId: string, identityIds: string[]): Placement {
    if (!this.#sockets.isHealthy(nodeId)) return { ok: false, code: 'node_away' };
    const epochs = this.#store.epochsOf(nodeId);
    const owned = identityIds.flatMap((id) => (epochs.has(id) ? [[id, epochs.get(id) ?? 0] as const] : []));
    return owned.length === identityIds.length
      ? { ok: true, epochs: Object.fromEntries(owned) }
      : { ok: false, code: 'identity_moved' };
  }

  /**
   * Wants a session on a node. It is told now, or when it comes back. A restart of the node has raised the revision that the node
   * knows: what the session counts is kept beside it, and the node is told a higher one.
   */
  async apply(nodeId: string, wanted: SessionSpec): Promise<void> {
    const known = this.#store.desiredOf(wanted.id);
    if (known && (known.ending || known.base >= wanted.revision)) return;
    const revision = Math.max(wanted.revision, (known?.spec.revision ?? 0) + 1);
    const spec = { ...withEpochs(wanted, this.#store.epochsOf(nodeId)), revision };
    this.#store.putDesired(nodeId, { spec, base: wanted.revision, ending: null, by: null });
    this.#sockets.tell(nodeId, { v: 1, type: 'session.apply', spec });
    await this.#watch();
  }

  /** Wants a session ended; kept until {@link forget}, so that a node that is away hears of it. */
  async end(sessionId: string, reason: EndReason, by?: string): Promise<void> {
    const known = this.#store.desiredOf(sessionId);
    if (!known) return;
    const desired = known.ending ? known : { ...known, ending: reason, by: by ?? null };
    this.#store.putDesired(known.nodeId, desired);
    this.#sockets.tell(known.nodeId, endMessage(desired, desired.ending ?? reason));
  }

  /** Has the node of a session seal its last ten seconds; `false` when it cannot be told now. */
  seal(order: SealOrder): boolean {
    const known = this.#store.desiredOf(order.sessionId);
    if (!known || known.ending || !this.#sockets.isHealthy(known.nodeId)) return false;
    this.#sockets.tell(known.nodeId, order);
    return true;
  }

  /**
   * Has a node do something with what is stored: one of `prefer` that is up, else any. Answers which; `null`: none that can is up. A
   * node that loses the order with its line is told again by whoever gave it.
   */
  order(order: FinaliseOrder | MailOrder, prefer: string[] = []): string | null {
    const able = this.#store.nodeIds().filter((nodeId) => {
      return this.#sockets.isHealthy(nodeId) && (order.type !== 'mail.send' || this.#store.canMail(nodeId));
    });
    const nodeId = able.find((each) => prefer.includes(each)) ?? able[0];
    if (nodeId === undefined) return null;
    this.#sockets.tell(nodeId, order);
    return nodeId;
  }

  /** Has the node of a running session store what it has captured so far; `false` when it cannot be told now. */
  flush(order: FlushOrder): boolean {
    const known = this.#store.desiredOf(order.sessionId);
    if (!known || !this.#sockets.isHealthy(known.nodeId)) return false;
    this.#sockets.tell(known.nodeId, order);
    return true;
  }

  /** The session is over on both sides. A node that still runs it is told to end it when it next says so. */
  forget(sessionId: string): void {
    const known = this.#store.desiredOf(sessionId);
    if (!known) return;
    if (!known.ending) this.#sockets.tell(known.nodeId, endMessage(known, 'error'));
    this.#store.dropDesired(sessionId);
  }

  /** For `/metrics`. */
  stats(): { nodes: number; sessions: number; legs: number } {
    const nodes = this.#store.nodeIds();
    const desired = nodes.flatMap((nodeId) => this.#store.desired(nodeId));
    return {
      nodes: nodes.filter((nodeId) => this.#sockets.isHealthy(nodeId)).length,
      sessions: desired.length,
      legs: new Set(desired.flatMap(({ spec }) => spec.legs.map((leg) => leg.legId))).size,
    };
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const { nodeId, ready } = this.#sockets.about(socket);
    const message = parseNodeMessage(data);
    if (!message) {
      this.#sockets.refuse(socket, 'message_malformed', 'Send JSON of the control protocol v1; see docs/protocol.md.');
      return;
    }
    this.#store.touchNode(nodeId, Date.now());
    if (message.type === 'hello') {
      if (message.nodeId !== nodeId) {
        this.#sockets.refuse(socket, 'node_mismatch', 'The hello names another node than the signature.');
        return;
      }
      this.#sockets.markReady(socket, nodeId);
      await this.#welcome(socket, message);
      return;
    }
    if (!ready) {
      this.#sockets.refuse(socket, 'hello_missing', 'Send a hello first.');
      return;
    }
    if (message.type === 'ephemeral') await this.#ephemeral(nodeId, message);
    if (message.type === 'identities') {
      const boot = this.#store.bootOf(nodeId);
      if (boot)
        claimIdentities(
          { store: this.#store, sockets: this.#sockets },
          socket,
          { nodeId, bootId: boot },
          message.identities,
        );
    }
    if (message.type === 'session.refused') {
      const { code, message: text, sessionId } = message;
      if (this.#store.desiredOf(sessionId)?.nodeId === nodeId) {
        this.#owe(sessionId, { kind: 'refused', code, message: text });
      }
    }
    if (message.type === 'session.tombstone') {
      this.#bury(socket, nodeId, [message.tombstone]);
    }
  }

  override webSocketClose(socket: WebSocket, code: number): Promise<void> {
    reciprocate(socket, code);
    this.#store.touchNode(this.#sockets.about(socket).nodeId, Date.now());
    return this.#watch();
  }

  override webSocketError(_socket: WebSocket, error: unknown): void {
    console.warn('fleet: a control socket broke', error);
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    await this.tick(Date.now());
  }

  /** Gives up nodes that were silent for too long. */
  async tick(now: number): Promise<void> {
    for (const nodeId of this.#store.nodeIds()) {
      if (now - this.#sockets.heard(nodeId) < NODE_LOST_MS) continue;
      this.#captions.forget(nodeId);
      for (const { spec } of this.#store.desired(nodeId)) {
        this.#store.dropDesired(spec.id);
        this.#owe(spec.id, { kind: 'lost' });
      }
      for (const socket of this.#sockets.of(nodeId)) socket.close(4000, 'silent for too long');
    }
    this.#captions.divide(now);
    await this.#watch();
  }

  /** Keeps an eye on the nodes as long as one of them should run something. */
  async #watch(): Promise<void> {
    const running = this.#store.nodeIds().some((nodeId) => this.#store.desired(nodeId).length > 0);
    if (running || this.#captions.busy) this.#deadlines.setOnce('watch', Date.now() + WATCH_MS);
    else this.#deadlines.clear('watch');
    await this.#deadlines.arm();
  }

  /** Greets a node: leases its identities, buries its dead, then mends the difference. */
  async #welcome(socket: WebSocket, hello: Hello): Promise<void> {
    const { nodeId } = hello;
    for (const other of this.#sockets.of(nodeId))
      if (other !== socket) other.close(4001, 'replaced by a newer connection');
    const sameBoot = this.#store.bootOf(nodeId) === hello.bootId;
    this.#store.putNode(hello, Date.now());
    for (const report of hello.identities) this.#store.setMemberships(report);
    const identities = claimIdentities({ store: this.#store, sockets: this.#sockets }, socket, hello, hello.identities);
    this.#sockets.send(socket, { v: 1, type: 'welcome', identities });
    this.#captions.greet(hello, sameBoot);
    if (hello.tombstones.length > 0) this.#bury(socket, nodeId, hello.tombstones);
    const epochs = this.#store.epochsOf(nodeId);
    const desired = this.#store.desired(nodeId).map((each) => ({ ...each, spec: withEpochs(each.spec, epochs) }));
    for (const each of desired) this.#store.putDesired(nodeId, each);
    for (const message of reconcile(hello.sessions, desired)) this.#sockets.send(socket, message);
    await this.#watch();
  }

  /** Ends on the node become ends in the control plane; acknowledged once they are stored here. */
  #bury(socket: WebSocket, nodeId: string, tombstones: Hello['tombstones']): void {
    for (const { sessionId, reason, by } of tombstones) {
      if (this.#store.desiredOf(sessionId)?.nodeId !== nodeId) continue;
      this.#store.dropDesired(sessionId);
      this.#owe(sessionId, { kind: 'tombstone', reason, ...(by === undefined ? {} : { by }) });
    }
    const sessionIds = tombstones.map((tombstone) => tombstone.sessionId);
    this.#sockets.send(socket, { v: 1, type: 'tombstone.ack', sessionIds });
  }

  async #ephemeral(nodeId: string, message: Ephemeral): Promise<void> {
    try {
      if (message.event === 'session.stats') {
        if (this.#store.runs(nodeId, message.sessionId)) await sessionOf(this.env, message.sessionId).stats(message);
      } else if (message.event === 'voice.speaking' && this.#store.serves(nodeId, message.guildId)) {
        await hubOf(this.env, message.guildId).publishSpeaking(message);
      } else if (message.event === 'recording.progress') {
        await recordingOf(this.env, message.sessionId).progress(message);
      } else if (message.event === 'caption.partial' && this.#store.runs(nodeId, message.sessionId)) {
        if (this.#store.serves(nodeId, message.guildId)) await hubOf(this.env, message.guildId).publishPartial(message);
      } else if (message.event === 'captions.demand') {
        this.#captions.demand(nodeId, message);
        await this.#watch();
      }
    } catch (error) {
      // Newest wins: the next one says it again.
      console.warn('fleet: an ephemeral event was dropped', error);
    }
  }

  #owe(sessionId: string, effect: FleetEffect): void {
    this.#outbox.add(`session:${sessionId}`, effect);
    void this.#deadlines.arm();
    this.#outbox.kick();
  }

  async #deliver(lane: string, effects: FleetEffect[]): Promise<void> {
    const session = sessionOf(this.env, lane.slice('session:'.length));
    for (const effect of effects) {
      if (effect.kind === 'lost') await session.nodeLost();
      if (effect.kind === 'tombstone') await session.tombstone(effect.reason, effect.by);
      if (effect.kind === 'refused') await session.refused(effect.code, effect.message);
    }
  }
}
