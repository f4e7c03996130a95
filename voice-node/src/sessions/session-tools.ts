/** What a session is given, and why it ends. */
import type { EndReason } from '@patchbay/shared/end-reason';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { Logger } from '../ops/logger.ts';
import type { Scheduler } from '../ops/scheduler.ts';
import type { RelayDesk } from '../relay/relay-desk.ts';
import type { Announcer } from './announcer.ts';
import type { ChannelPeople } from './channel-people.ts';
import type { LegPool } from './leg-pool.ts';
import type { PanelPort } from './notice-panel.ts';
import type { RecordingDesk } from './recording-desk.ts';
import type { RecordingNotice } from './recording-notice.ts';

export interface SessionTools {
  pool: LegPool;
  notice: RecordingNotice;
  /** Absent: a notice can be a nickname only. */
  panel?: PanelPort;
  /** Absent: nobody knows who is in the channels. */
  people?: ChannelPeople;
  announcer: Announcer;
  desk: RecordingDesk | undefined;
  recordingOff: string | undefined;
  /** Absent: this node does not read messages, and relays none. */
  relays?: RelayDesk;
  /** The last ten seconds are kept where a spec says so: they can be stored. */
  sealing?: boolean;
  /** False: bridges mix always. For measurements. */
  passThrough?: boolean;
  /** Of bridges and tones. Default: the process's own. */
  scheduler?: Scheduler;
  report: (draft: NodeEventDraft) => void;
  logger: Logger;
}

/** Why a session ends. */
export interface SessionEnd {
  reason: EndReason;
  message?: string;
  /** The leg on whose side it came up. */
  by?: string;
}
