import type { RawData, WebSocket } from 'ws';
import type { z } from 'zod';
import * as messages from './messages.ts';
import { MlsError } from './mls/codec.ts';
import { CloseCode, Opcode, VoiceCloseError } from './opcodes.ts';
import { type EncryptionMode, TransportCipher } from './transport-cipher.ts';
import type { Address } from './udp.ts';
import { takeVideo, takeWants, updateCodec } from './video/negotiation.ts';
import { transmit, type VoiceSession } from './voice-session.ts';
import type { VoiceSessions } from './voice-sessions.ts';

const { parseData } = messages;

/** What a websocket asks of its server. */
export interface VoiceSocketHost {
  /** Address and port of the UDP socket, for op 2. */
  readonly udpAddress: Address;
  /** Transport modes on offer, preferred first. */
  readonly modes: readonly EncryptionMode[];
  /** Interval of op 8, in ms. */
  readonly heartbeatMs: number;
  readonly sessions: VoiceSessions;
  /** The client has selected its protocol and is in the room. */
  entered(session: VoiceSession): void;
  /** The client goes on with its session. */
  resumed(session: VoiceSession): void;
}

const clientOps: ReadonlySet<number> = new Set([
  Opcode.Speaking,
  Opcode.Video,
  Opcode.MediaSinkWants,
  Opcode.ClientFlags,
  Opcode.DaveTransitionReady,
  Opcode.DaveMlsInvalidCommitWelcome,
]);

/** One of {@link clientOps}, of a client that has identified. */
function takeClientOp(client: VoiceSession, op: number, d: unknown, host: VoiceSocketHost): void {
  const { room } = client;
  if (op === Opcode.Speaking) {
    const { speaking } = parseData(messages.speaking, op, d);
    if (client.cipher) room.announce(client, speaking);
  } else if (op === Opcode.Video) takeVideo(client, parseData(messages.video, op, d), host.sessions);
  else if (op === Opcode.MediaSinkWants) takeWants(client, parseData(messages.mediaSinkWants, op, d));
  else if (op === Opcode.ClientFlags) room.announceFlags(client, parseData(messages.clientFlags, op, d).flags);
  else {
    const { transition_id } = parseData(messages.transition, op, d);
    if (op === Opcode.DaveTransitionReady) room.delivery?.confirm(client.userId, transition_id);
    else room.delivery?.invalidate(client.userId);
  }
}

/** Speaks voice gateway version 8 with one websocket. */
export function serveVoiceSocket(socket: WebSocket, host: VoiceSocketHost): void {
  let session: VoiceSession | undefined;
  const timeout = setTimeout(
    () => socket.close(CloseCode.SessionTimeout, 'no heartbeat for three intervals'),
    3 * host.heartbeatMs,
  ).unref();

  const identified = (): VoiceSession => {
    if (!session) throw new VoiceCloseError(CloseCode.NotAuthenticated, 'send op 0 (identify) or op 7 (resume) first');
    return session;
  };
  const notYet = () => {
    if (session) throw new VoiceCloseError(CloseCode.AlreadyAuthenticated, 'already identified');
  };

  const onJson = (text: string) => {
    const { op, d } = parseData(messages.envelope, -1, parseJson(text));
    switch (op) {
      case Opcode.Heartbeat: {
        const { t, seq_ack } = parseData(messages.heartbeat, op, d);
        timeout.refresh();
        session?.acknowledge(seq_ack);
        if (session) session.transmit(socket, Opcode.HeartbeatAck, { t });
        else transmit(socket, JSON.stringify({ op: Opcode.HeartbeatAck, d: { t } }));
        return;
      }
      case Opcode.Identify: {
        notYet();
        const data = parseData(messages.identify, op, d);
        session = host.sessions.identify(data);
        session.socket = socket;
        // Op 2 is not repeated on resume, so it carries no sequence.
        session.transmit(socket, Opcode.Ready, readyData(session, data, host));
        return;
      }
      case Opcode.Resume: {
        notYet();
        const data = parseData(messages.resume, op, d);
        session = host.sessions.find(data);
        session.resume(socket, data.seq_ack);
        return host.resumed(session);
      }
      case Opcode.SelectProtocol:
        return select(identified(), parseData(messages.selectProtocol, op, d), host);
    }
    if (!clientOps.has(op)) throw new VoiceCloseError(CloseCode.UnknownOpcode, `op ${op} is unknown`);
    takeClientOp(identified(), op, d, host);
  };

  const onBinary = (bytes: Buffer) => {
    const { room, userId } = identified();
    const payload = bytes.subarray(1);
    if (bytes[0] === Opcode.DaveMlsKeyPackage) room.delivery?.takeKeyPackage(userId, payload);
    else if (bytes[0] === Opcode.DaveMlsCommitWelcome) room.delivery?.takeCommit(userId, payload);
    else throw new VoiceCloseError(CloseCode.UnknownOpcode, `binary op ${bytes[0]} is unknown`);
  };

  const receive = (bytes: Buffer, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return;
    try {
      if (isBinary) onBinary(bytes);
      else onJson(bytes.toString('utf8'));
    } catch (error) {
      if (error instanceof VoiceCloseError) socket.close(error.code, error.message);
      else if (error instanceof MlsError) socket.close(CloseCode.FailedToDecode, error.message.slice(0, 120));
      else throw error;
    }
  };
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const bytes = toBuffer(data);
    if (session) session.incoming.push(() => receive(bytes, isBinary));
    else receive(bytes, isBinary);
  });
  socket.on('close', (code: number) => {
    clearTimeout(timeout);
    if (session?.socket === socket) host.sessions.socketClosed(session, socket, code);
  });
  // A broken frame or a reset connection: 'close' follows and ends the session as resumable.
  socket.on('error', () => socket.terminate());
  transmit(socket, JSON.stringify({ op: Opcode.Hello, d: { v: 8, heartbeat_interval: host.heartbeatMs } }));
}

function readyData(session: VoiceSession, data: z.output<typeof messages.identify>, host: VoiceSocketHost) {
  const { ssrc } = session;
  const { address: ip, port } = host.udpAddress;
  // One layer is what the simulator's SSRCs have room for; clients with more use the first.
  const streams = data.video
    ? data.streams.slice(0, 1).map((stream) => ({ ...stream, ssrc: ssrc + 1, rtx_ssrc: ssrc + 2, active: false }))
    : [];
  return { ssrc, ip, port, modes: host.modes, experiments: [], ...(data.video ? { streams } : {}) };
}

function select(session: VoiceSession, data: z.output<typeof messages.selectProtocol>, host: VoiceSocketHost) {
  if (data.protocol !== 'udp') throw new VoiceCloseError(CloseCode.UnknownProtocol, `protocol must be udp`);
  const mode: EncryptionMode | undefined = host.modes.find((known) => known === data.data.mode);
  if (!mode) {
    throw new VoiceCloseError(CloseCode.UnknownEncryptionMode, `mode must be one of ${host.modes.join(', ')}`);
  }
  if (session.cipher) throw new VoiceCloseError(CloseCode.AlreadyAuthenticated, 'protocol is selected already');
  session.cipher = new TransportCipher(mode);
  session.address ??= { address: data.data.address, port: data.data.port };
  const videoCodec = updateCodec(session, data.codecs);
  session.sendJson(Opcode.SessionDescription, {
    mode,
    secret_key: [...session.cipher.key],
    dave_protocol_version: session.room.versionFor(session.maxDaveVersion),
    audio_codec: 'opus',
    ...(videoCodec === undefined ? {} : { video_codec: videoCodec }),
    media_session_id: `${session.grant.sessionId}:${session.ssrc}`,
  });
  session.room.join(session);
  host.entered(session);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new VoiceCloseError(CloseCode.FailedToDecode, 'message is not JSON');
  }
}

function toBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
