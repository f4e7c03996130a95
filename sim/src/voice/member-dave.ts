import type { DaveMember } from './dave/dave-member.ts';
import { Opcode } from './opcodes.ts';
import type { DaveVersion, Participant } from './participant.ts';
import type { Room } from './room.ts';
import { isDaveFrame, silenceFrame } from './rtp.ts';
import type { VideoCodec } from './video/streams.ts';

interface JsonData {
  user_ids?: string[];
  user_id?: string;
  epoch?: number;
  protocol_version?: number;
  transition_id?: number;
}

/** Frames of the old version are still taken for so long after a transition, in ms (DAVE whitepaper, "Transitions"). */
const transitionGraceMs = 10_000;

/** How a simulated person follows the versions and epochs of their room. Messages are worked on in order, outside the call that sent them, as over a socket. */
export class MemberDave {
  readonly #room: Room;
  readonly #userId: string;
  readonly #client: DaveMember | undefined;
  readonly #changed: () => void;
  readonly #recognised: Set<string>;
  #inbox: (() => void)[] = [];
  #closed = false;
  #version: DaveVersion;
  /** What op 22 will bring, by transition id. */
  readonly #prepared = new Map<number, DaveVersion>();
  #clearUntil = Number.NEGATIVE_INFINITY;

  constructor(
    { userId, maxDaveVersion }: Pick<Participant, 'userId' | 'maxDaveVersion'>,
    room: Room,
    changed: () => void,
  ) {
    this.#room = room;
    this.#userId = userId;
    this.#changed = changed;
    this.#recognised = new Set([userId]);
    this.#version = room.versionFor(maxDaveVersion);
    const { delivery, dave } = room;
    if (!delivery || !dave || maxDaveVersion === 0) return;
    this.#client = dave.client(userId, {
      keyPackage: (payload) => delivery.takeKeyPackage(userId, payload),
      commitWelcome: (payload) => delivery.takeCommit(userId, payload),
      transitionReady: (transitionId) => delivery.confirm(userId, transitionId),
      invalid: () => delivery.invalidate(userId),
      changed,
    });
  }

  /** Op 26, right after op 4 said that the room has DAVE. */
  begin(): void {
    if (this.#version === 1) this.#client?.sendKeyPackage();
  }

  /** Can what is said be heard? */
  get ready(): boolean {
    // On the way to an encrypted room it is ready when op 22 has come.
    if (this.#version === 0) return this.#prepared.get(0) !== 1;
    return this.#client?.ready !== false;
  }

  get voicePrivacyCode(): string | undefined {
    return this.#version === 0 ? undefined : this.#client?.voicePrivacyCode;
  }

  /** The member has left the room: another one takes over what was theirs to commit. */
  close(): void {
    this.#closed = true;
    this.#client?.leave();
  }

  onJson(opcode: number, data: unknown): void {
    // Without DAVE there is nothing to follow, and op 5 comes with every spurt.
    if (this.#client && opcode !== Opcode.Speaking) this.#later(() => this.#follow(opcode, data as JsonData));
    else if (opcode === Opcode.ClientDisconnect) this.#changed();
  }

  onBinary(opcode: number, payload: Buffer): void {
    this.#later(() => this.#client?.onBinary(opcode, payload, [...this.#recognised]));
  }

  /** The payload to send; undefined when it would leave in clear where it must not. */
  encrypt(opus: Buffer, heardByOthers: boolean): Buffer | undefined {
    if (this.#version === 0 || !this.#client) return opus;
    if (this.#client.ready) return this.#client.encrypt(opus);
    return heardByOthers ? undefined : opus;
  }

  encryptVideo(codec: VideoCodec, frame: Buffer): Buffer | undefined {
    if (this.#version === 0 || !this.#client) return frame;
    return this.#client.ready ? this.#client.encryptVideo(codec, frame) : undefined;
  }

  /** The frame in clear; undefined when it is not for this member, `refused` when it should have been readable. */
  decrypt(userId: string, payload: Buffer): Buffer | 'refused' | undefined {
    if (payload.equals(silenceFrame)) return payload;
    const waits = this.#version === 1 && this.#client?.ready === false;
    // Frames from before this member was in the group are not for them.
    if (waits) return undefined;
    if (!isDaveFrame(payload)) {
      const mayBeClear = this.#version === 0 || this.#prepared.size > 0 || this.#room.clock.now() < this.#clearUntil;
      return mayBeClear || !this.#client ? payload : 'refused';
    }
    if (!this.#client) return undefined;
    try {
      return this.#client.decrypt(userId, payload);
    } catch {
      return 'refused'; // the caller counts it
    }
  }

  #follow(opcode: number, data: JsonData): void {
    if (opcode === Opcode.ClientsConnect) for (const id of data.user_ids ?? []) this.#recognised.add(id);
    if (opcode === Opcode.ClientDisconnect && data.user_id) {
      this.#recognised.delete(data.user_id);
      this.#changed();
    }
    if (opcode === Opcode.DavePrepareEpoch && data.epoch === 1) {
      if (this.#version === 0) this.#prepared.set(0, 1);
      this.#client?.restart();
    }
    if (opcode === Opcode.DavePrepareTransition) this.#prepare(data);
    if (opcode === Opcode.DaveExecuteTransition) this.#execute(this.#prepared.get(data.transition_id ?? 0) ?? 1);
  }

  #prepare({ protocol_version, transition_id = 0 }: JsonData) {
    const version: DaveVersion = protocol_version === 0 ? 0 : 1;
    if (transition_id === 0) return this.#execute(version);
    this.#prepared.set(transition_id, version);
    this.#room.delivery?.confirm(this.#userId, transition_id);
  }

  #execute(version: DaveVersion): void {
    this.#prepared.clear();
    if (version !== this.#version) this.#clearUntil = this.#room.clock.now() + transitionGraceMs;
    this.#version = version;
    this.#changed();
  }

  #later(work: () => void): void {
    this.#inbox.push(work);
    if (this.#inbox.length === 1) setImmediate(() => this.#drain());
  }

  #drain(): void {
    const work = this.#inbox[0];
    if (!work) return;
    try {
      if (!this.#closed) work();
    } finally {
      this.#inbox.shift();
      if (this.#inbox.length > 0) setImmediate(() => this.#drain());
    }
  }
}
