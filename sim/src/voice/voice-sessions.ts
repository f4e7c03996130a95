import type { WebSocket } from 'ws';
import type { z } from 'zod';
import type { identify, resume } from './messages.ts';
import { CloseCode, VoiceCloseError } from './opcodes.ts';
import type { Room } from './room.ts';
import type { VoiceGrant, VoiceSession } from './voice-session.ts';

export interface VoiceSessionsOptions {
  /** How long a session waits for op 7 after its websocket broke, in ms. */
  resumeWindowMs: number;
  /** Makes a session with SSRCs of its own. @throws VoiceCloseError 4017 */
  make(grant: VoiceGrant, data: z.output<typeof identify>): VoiceSession;
  /** A session has ended for good. */
  onEnd(session: VoiceSession): void;
}

const resumableCodes: ReadonlySet<number> = new Set([1001, CloseCode.ServerCrashed]);

const keyOf = (guildId: string, userId: string) => `${guildId}/${userId}`;

/** Who may connect and who is connected: one voice session per (guild, user). */
export class VoiceSessions {
  readonly #options: VoiceSessionsOptions;
  readonly #grants = new Map<string, VoiceGrant>();
  readonly #sessions = new Map<string, VoiceSession>();
  readonly #bySsrc = new Map<number, VoiceSession>();
  /** Sessions that ran out without a resume, so that a late op 7 is told so. */
  readonly #timedOut = new Set<string>();

  constructor(options: VoiceSessionsOptions) {
    this.#options = options;
  }

  all(): VoiceSession[] {
    return [...this.#sessions.values()];
  }

  get(guildId: string, userId: string): VoiceSession | undefined {
    return this.#sessions.get(keyOf(guildId, userId));
  }

  bySsrc(ssrc: number): VoiceSession | undefined {
    return this.#bySsrc.get(ssrc);
  }

  inRoom(room: Room): boolean {
    return this.all().some((session) => session.room === room);
  }

  /** Allows a session; a grant for another channel replaces the old one and ends its session. */
  admit(grant: VoiceGrant): void {
    const key = keyOf(grant.guildId, grant.userId);
    const session = this.#sessions.get(key);
    if (session && session.grant.channelId !== grant.channelId) this.end(session, CloseCode.Disconnected);
    this.#grants.set(key, grant);
  }

  /** Forgets the grant and ends the session. */
  dismiss(guildId: string, userId: string, closeCode: number): void {
    this.#grants.delete(keyOf(guildId, userId));
    const session = this.get(guildId, userId);
    if (session) this.end(session, closeCode);
  }

  /** Op 0. @throws VoiceCloseError when the grant does not allow it. */
  identify(data: z.output<typeof identify>): VoiceSession {
    const key = keyOf(data.server_id, data.user_id);
    const grant = this.#grants.get(key);
    if (!grant || grant.token !== data.token) {
      throw new VoiceCloseError(CloseCode.AuthenticationFailed, 'token is not of a current VOICE_SERVER_UPDATE');
    }
    if (grant.sessionId !== data.session_id) {
      throw new VoiceCloseError(CloseCode.SessionNoLongerValid, 'session_id is not that of the main gateway');
    }
    const session = this.#options.make(grant, data);
    const old = this.#sessions.get(key);
    if (old) this.end(old, CloseCode.SessionNoLongerValid);
    this.#sessions.set(key, session);
    this.#bySsrc.set(session.ssrc, session);
    return session;
  }

  /** Takes datagrams of these SSRCs too for the session (video); those of others stay theirs. */
  claim(session: VoiceSession, ssrcs: readonly number[]): void {
    for (const ssrc of ssrcs) if (ssrc !== 0 && !this.#bySsrc.has(ssrc)) this.#bySsrc.set(ssrc, session);
  }

  /** Op 7. @throws VoiceCloseError when there is nothing to resume. */
  find(data: z.output<typeof resume>): VoiceSession {
    for (const session of this.#sessions.values()) {
      const { guildId, sessionId, token } = session.grant;
      if (guildId !== data.server_id || sessionId !== data.session_id) continue;
      if (token !== data.token)
        throw new VoiceCloseError(CloseCode.AuthenticationFailed, 'token is not of this session');
      if (!session.cipher) continue;
      session.socket?.terminate();
      return session;
    }
    if (this.#timedOut.has(`${data.server_id}/${data.session_id}`))
      throw new VoiceCloseError(CloseCode.SessionTimeout, 'the session timed out: identify again');
    throw new VoiceCloseError(CloseCode.SessionNoLongerValid, 'no such session: identify again');
  }

  socketClosed(session: VoiceSession, socket: WebSocket, code: number) {
    if (session.socket !== socket) return;
    session.socket = undefined;
    // 1000: the client left. A session that never selected its protocol has nothing to resume.
    if (code === 1000 || !session.cipher) return this.end(session);
    session.expiry = setTimeout(() => {
      this.#timedOut.add(`${session.grant.guildId}/${session.grant.sessionId}`);
      this.end(session);
    }, this.#options.resumeWindowMs).unref();
  }

  /**
   * Closes a client's websocket with this code. After those that Discord lets clients resume from (1001, 4015, and 1006, a
   * websocket that breaks without a goodbye) the session waits for op 7; after any other it is over.
   */
  closeSocket(session: VoiceSession, code: number): void {
    if (code === 1006) session.socket?.terminate();
    else if (resumableCodes.has(code)) session.socket?.close(code);
    else this.end(session, code);
  }

  /** Ends a session for good; `closeCode` for a websocket that is still open. */
  end(session: VoiceSession, closeCode?: number): void {
    const key = keyOf(session.grant.guildId, session.userId);
    if (this.#sessions.get(key) !== session) return;
    this.#sessions.delete(key);
    for (const [ssrc, owner] of this.#bySsrc) if (owner === session) this.#bySsrc.delete(ssrc);
    session.close();
    const { socket } = session;
    session.socket = undefined;
    if (closeCode !== undefined) socket?.close(closeCode);
    session.room.leave(session.userId, session);
    this.#options.onEnd(session);
  }
}
