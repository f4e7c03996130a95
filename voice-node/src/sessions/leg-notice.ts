/**
 * How one recorded channel is told: by the bot's nickname, or where that is refused by a message, and by a spoken sentence; who comes
 * later gets it again. Every notice is reported with those who were shown it.
 */
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventOf } from '@patchbay/shared/events';
import type { LegSpec } from '@patchbay/shared/session-spec';
import type { Tone } from '../audio/tones/tone.ts';
import { spokenNotices, tones } from '../audio/tones/tones.ts';
import type { Logger } from '../ops/logger.ts';
import type { Scheduler } from '../ops/scheduler.ts';
import type { ChannelMember } from './channel-people.ts';
import { LateJoiners } from './late-joiners.ts';
import { NoticePanel, type PanelPort } from './notice-panel.ts';
import type { RecordingNotice } from './recording-notice.ts';
import type { SessionLeg } from './session-leg.ts';

/** A beep is heard by everybody: not more often than this. ms */
export const BEEP_EVERY_MS = 10_000;
/** The message is changed not more often than this. ms */
export const PANEL_EVERY_MS = 60_000;

export type NoticeKind = NodeEventOf<'recording.noticed'>['kind'];

export interface LegNoticeOptions {
  view: SessionLeg;
  language: LegSpec['language'];
  nick: RecordingNotice;
  /** Absent: there is no way to write into the channel. */
  panel: PanelPort | undefined;
  /** Plays a sound in the channel, after what plays there. */
  speak: (tone: Tone) => void;
  noticed: (kind: NoticeKind, userIds: string[]) => void;
  scheduler: Scheduler;
  logger: Logger;
}

export class LegNotice {
  readonly #options: LegNoticeOptions;
  readonly #panel: NoticePanel | undefined;
  #kind: 'nickname' | 'panel' | undefined;
  #there: ReadonlySet<string> = new Set();
  #muted = false;
  #beeps: LateJoiners | undefined;
  #panels: LateJoiners | undefined;

  constructor(options: LegNoticeOptions) {
    this.#options = options;
    const { view, language, panel } = options;
    const { guildId, channelId, leg } = view;
    const place = { guildId, channelId, identityId: leg.identityId, ...(language ? { language } : {}) };
    this.#panel = panel && new NoticePanel(panel, place);
  }

  /**
   * Resolves when the channel can see that it is recorded; only then may anything be written.
   *
   * @throws {PatchbayError} `notice_refused`
   */
  async show(): Promise<void> {
    const { nick, view, logger } = this.#options;
    const { guildId } = view;
    try {
      await nick.show(guildId, view.leg.identityId);
      this.#kind = 'nickname';
    } catch (error) {
      if (!this.#panel) throw error;
      logger.warn({ err: error, guildId }, 'the nickname was refused; the notice goes into the chat of the channel');
      await this.#panel.show().catch((cause) => {
        throw new PatchbayError(
          'notice_refused',
          'The bot may neither change its nickname nor write into the chat of the voice channel, so nobody would see that it records. Give it the permission Change Nickname, or Send Messages in that channel.',
          { cause },
        );
      });
      this.#kind = 'panel';
    }
  }

  /** The recording has begun: everybody who is there has been shown the notice, and hears it as soon as the bot is heard. */
  begin(): void {
    const { language = 'en', view, speak, scheduler } = this.#options;
    if (this.#kind) this.#tell(this.#kind, [...this.#there]);
    this.#panels = new LateJoiners(PANEL_EVERY_MS, scheduler, (userIds) => this.#showAgain(userIds));
    view.whenReady(() => {
      if (!this.#kind) return;
      speak(spokenNotices[language]);
      this.#spoken([...this.#there]);
      this.#beeps = new LateJoiners(BEEP_EVERY_MS, scheduler, (userIds) => {
        speak(tones.recorded);
        if (this.#kind === 'nickname') this.#tell('nickname', userIds);
        this.#spoken(userIds);
      });
    });
  }

  /** Who is in the channel now. */
  members(members: readonly ChannelMember[]): void {
    const before = this.#there;
    const { identityId } = this.#options.view.leg;
    this.#there = new Set(members.filter(({ bot }) => !bot).map(({ userId }) => userId));
    this.#muted = members.some(({ userId, serverMute }) => userId === identityId && serverMute === true);
    for (const lane of [this.#beeps, this.#panels]) {
      for (const userId of this.#there) if (!before.has(userId)) lane?.came(userId);
      for (const userId of before) if (!this.#there.has(userId)) lane?.left(userId);
    }
  }

  /** The recording is over: nickname and message say so. Never throws. */
  async hide(): Promise<void> {
    const { nick, view, logger } = this.#options;
    const { guildId } = view;
    const kind = this.#kind;
    this.#kind = undefined;
    this.#beeps?.close();
    this.#panels?.close();
    if (kind === 'nickname') {
      await nick
        .hide(guildId, view.leg.identityId)
        .catch((error) => logger.warn({ err: error, guildId }, 'the nickname could not be restored'));
    }
    await this.#panel
      ?.over()
      .catch((error) => logger.warn({ err: error, guildId }, 'the notice could not be changed; it is out of date'));
  }

  #showAgain(userIds: string[]): void {
    const { scheduler, view, logger } = this.#options;
    if (!this.#kind || !this.#panel) return;
    this.#panel.show(scheduler.now()).then(
      () => this.#tell('panel', userIds),
      // They have the nickname, or the message of the start.
      (error) => logger.warn({ err: error, guildId: view.guildId }, 'the notice could not be repeated in the chat'),
    );
  }

  /** Nobody hears a muted bot. */
  #spoken(userIds: string[]): void {
    if (!this.#muted) this.#tell('spoken', userIds);
  }

  #tell(kind: NoticeKind, userIds: string[]): void {
    if (userIds.length > 0) this.#options.noticed(kind, userIds);
  }
}
