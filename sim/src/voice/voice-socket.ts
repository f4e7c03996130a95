import type { RawData, WebSocket } from 'ws';
import type { z } from 'zod';
import { envelope, heartbeat, identify, parseData, resume, selectProtocol, speaking, transition } from './messages.ts';
import { MlsError } from './mls/codec.ts';
import { CloseCode, Opcode, VoiceCloseError } from './opcodes.ts';
import { type EncryptionMode, TransportCipher } from './transport-cipher.ts';
import type { Address } from './udp.ts';
import { transmit, type VoiceSession } from './voice-session.ts';

/** What a websocket asks of its server. */
export interface VoiceSocketHost {
  /** Address and port of the UDP socket, for op 2. */
  readonly udpAddress: Address;
  /** Transport modes on offer, preferred first. */
  readonly modes: readonly EncryptionMode[];
  /** Op 0. @throws VoiceCloseError when the grant does not allow it. */
  identify(data: z.output<typeof identify>): VoiceSession;
  /** Op 7. @throws VoiceCloseError when there is nothing to resume. */
  findSession(data: z.output<typeof resume>): VoiceSession;
  /** The client has selected its protocol and may enter the room. */
  enter(session: VoiceSession): void;
  /** The websocket is gone; the code says whether the session may be resumed. */
  socketClosed(session: VoiceSession, socket: WebSocket, code: number): void;
}

/** Interval of op 8, in ms. */
const heartbeatIntervalMs = 13_750;

/** Speaks voice gateway version 8 with one websocket. */
export function serveVoiceSocket(socket: WebSocket, host: VoiceSocketHost): void {
  let session: VoiceSession | undefined;
  const timeout = setTimeout(
    () => socket.close(CloseCode.SessionTimeout, 'no heartbeat for three intervals'),
    3 * heartbeatIntervalMs,
  ).unref();

  const identified = (): VoiceSession => {
    if (!session) throw new VoiceCloseError(CloseCode.NotAuthenticated, 'send op 0 (identify) or op 7 (resume) first');
    return session;
  };

  const onJson = (text: string) => {
    const message = parseData(envelope, -1, parseJson(text));
    const { op, d } = message;
    if (op === Opcode.Heartbeat) {
      const { t, seq_ack } = parseData(heartbeat, op, d);
      timeout.refresh();
      session?.acknowledge(seq_ack);
      transmit(socket, JSON.stringify({ op: Opcode.HeartbeatAck, d: { t } }));
    } else if (op === Opcode.Identify) {
      if (session) throw new VoiceCloseError(CloseCode.AlreadyAuthenticated, 'already identified');
      session = host.identify(parseData(identify, op, d));
      session.socket = socket;
      const { address: ip, port } = host.udpAddress;
      // Op 2 is not repeated on resume, so it carries no sequence.
      transmit(
        socket,
        JSON.stringify({
          op: Opcode.Ready,
          d: { ssrc: session.ssrc, ip, port, modes: host.modes, experiments: [] },
        }),
      );
    } else if (op === Opcode.Resume) {
      if (session) throw new VoiceCloseError(CloseCode.AlreadyAuthenticated, 'already identified');
      const data = parseData(resume, op, d);
      session = host.findSession(data);
      session.resume(socket, data.seq_ack);
    } else if (op === Opcode.SelectProtocol) {
      select(identified(), parseData(selectProtocol, op, d), host);
    } else if (op === Opcode.Speaking) {
      const speaker = identified();
      const { speaking: flags } = parseData(speaking, op, d);
      if (speaker.cipher) speaker.room.announce(speaker, flags);
    } else if (op === Opcode.DaveTransitionReady) {
      identified().room.delivery?.confirm(identified().userId, parseData(transition, op, d).transition_id);
    } else if (op === Opcode.DaveMlsInvalidCommitWelcome) {
      parseData(transition, op, d);
      identified().room.delivery?.invalidate(identified().userId);
    } else {
      throw new VoiceCloseError(CloseCode.UnknownOpcode, `op ${op} is unknown`);
    }
  };

  const onBinary = (bytes: Buffer) => {
    const { room, userId } = identified();
    const payload = bytes.subarray(1);
    if (bytes[0] === Opcode.DaveMlsKeyPackage) room.delivery?.takeKeyPackage(userId, payload);
    else if (bytes[0] === Opcode.DaveMlsCommitWelcome) room.delivery?.takeCommit(userId, payload);
    else throw new VoiceCloseError(CloseCode.UnknownOpcode, `binary op ${bytes[0]} is unknown`);
  };

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return;
    const bytes = toBuffer(data);
    try {
      if (isBinary) onBinary(bytes);
      else onJson(bytes.toString('utf8'));
    } catch (error) {
      if (error instanceof VoiceCloseError) socket.close(error.code, error.message);
      else if (error instanceof MlsError) socket.close(CloseCode.FailedToDecode, error.message.slice(0, 120));
      else throw error;
    }
  });
  socket.on('close', (code: number) => {
    clearTimeout(timeout);
    if (session?.socket === socket) host.socketClosed(session, socket, code);
  });
  // A broken frame or a reset connection: 'close' follows and ends the session as resumable.
  socket.on('error', () => socket.terminate());
  transmit(socket, JSON.stringify({ op: Opcode.Hello, d: { v: 8, heartbeat_interval: heartbeatIntervalMs } }));
}

function select(session: VoiceSession, { protocol, data }: z.output<typeof selectProtocol>, host: VoiceSocketHost) {
  if (protocol !== 'udp') throw new VoiceCloseError(CloseCode.UnknownProtocol, `protocol must be udp`);
  const mode: EncryptionMode | undefined = host.modes.find((known) => known === data.mode);
  if (!mode) {
    throw new VoiceCloseError(CloseCode.UnknownEncryptionMode, `mode must be one of ${host.modes.join(', ')}`);
  }
  if (session.cipher) throw new VoiceCloseError(CloseCode.AlreadyAuthenticated, 'protocol is selected already');
  session.cipher = new TransportCipher(mode);
  session.address ??= { address: data.address, port: data.port };
  session.sendJson(Opcode.SessionDescription, {
    mode,
    secret_key: [...session.cipher.key],
    dave_protocol_version: session.room.daveVersion,
    audio_codec: 'opus',
    media_session_id: `${session.grant.sessionId}:${session.ssrc}`,
  });
  host.enter(session);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new VoiceCloseError(CloseCode.FailedToDecode, 'message is not JSON');
  }
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
