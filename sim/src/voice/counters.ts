/** Totals of a voice server since it began to listen. */
export interface VoiceCounters {
  /** RTP payloads that clients sent into a v1 room without a DAVE frame, other than the silence frame F8FFFE. */
  plaintextFramesInDaveRooms: number;
  /** Datagrams received, of any kind. */
  datagrams: number;
  /** Datagrams of known clients whose transport encryption did not open. */
  undecryptable: number;
  /** Datagrams that were neither discovery, keep-alive nor RTP of a known client. */
  ignored: number;
  /** RTP packets sent to clients. */
  forwarded: number;
  /** Datagrams to clients that the system refused to send. */
  unsent: number;
  /** MLS groups given up and built anew because no valid commit came in time. */
  groupResets: number;
}

export function newCounters(): VoiceCounters {
  return {
    plaintextFramesInDaveRooms: 0,
    datagrams: 0,
    undecryptable: 0,
    ignored: 0,
    forwarded: 0,
    unsent: 0,
    groupResets: 0,
  };
}
