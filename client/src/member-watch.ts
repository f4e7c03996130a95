/** Follows one member: in voice or dropped out. A drop-out that mends itself within the grace is not told. */
import type { LeaveCause, VoiceMember } from './protocol.ts';
import type { VoiceEventsClient } from './voice-events-client.ts';

/** Somebody dropped out. */
export interface Departure {
  userId: string;
  /** The channel that they were in. */
  channelId: string;
  /** Where they are now, when they were moved; `null` when in no channel. */
  movedTo: string | null;
  cause: LeaveCause;
  /** ms since the epoch. */
  at: number;
}

export interface MemberWatchOptions {
  userId: string;
  /** The channel that counts: being in another one is being out. Left away, any channel will do. */
  channelId?: string | undefined;
  /** A drop-out is told after this time, unless the member is back. ms, 0 by default: at once. */
  graceMs?: number | undefined;
  onLeft?: ((departure: Departure) => void) | undefined;
  /** The member came, or came back after `onLeft`. */
  onJoined?: ((member: VoiceMember) => void) | undefined;
  /** The cause of the last drop-out is known better now; only after `onLeft`. */
  onCause?: ((departure: Departure) => void) | undefined;
}

/** Starts following; the answer ends that. Nothing is told about how things stand at the start. */
export function watchMember(client: Pick<VoiceEventsClient, 'on' | 'view'>, options: MemberWatchOptions): () => void {
  const { userId, channelId, graceMs = 0 } = options;
  /** The channel in which the member is, as far as it counts; `undefined` before the first snapshot. */
  let current: string | null | undefined;
  let departure: Departure | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const counted = (member?: VoiceMember) =>
    member && (channelId === undefined || member.channelId === channelId) ? member.channelId : null;
  const look = () => {
    const presence = client.view.presence;
    if (current === undefined && presence) current = counted(presence.members.find((each) => each.userId === userId));
  };
  const report = () => {
    timer = undefined;
    if (departure) options.onLeft?.(departure);
  };
  const leave = (movedTo: string | null, cause: LeaveCause, at: number) => {
    if (!current) return;
    departure = { userId, channelId: current, movedTo, cause, at };
    current = null;
    if (graceMs > 0) timer = setTimeout(report, graceMs);
    else report();
  };
  const place = (member: VoiceMember, at: number) => {
    if (member.userId !== userId) return;
    const next = counted(member);
    if (next === null) {
      leave(member.channelId, { kind: 'moved', certainty: 1 }, at);
      return;
    }
    const back = current === null;
    current = next;
    departure = undefined;
    if (timer !== undefined) {
      clearTimeout(timer);
      timer = undefined;
    } else if (back) options.onJoined?.(member);
  };

  look();
  const ends = [
    client.on('presence.snapshot', look),
    client.on('voice.joined', ({ payload, at }) => place(payload.member, at)),
    client.on('voice.moved', ({ payload, at }) => place(payload.member, at)),
    client.on('voice.left', ({ payload, at }) => {
      if (payload.userId === userId) leave(null, payload.cause, at);
    }),
    client.on('voice.cause', ({ payload }) => {
      if (payload.userId !== userId || !departure) return;
      departure = { ...departure, cause: payload.cause };
      if (timer === undefined) options.onCause?.(departure);
    }),
    () => clearTimeout(timer),
  ];
  return () => {
    for (const end of ends) end();
  };
}
