/** The notice as a message in the text chat of the recorded voice channel: one message, changed in place. */
import type { LegSpec } from '@patchbay/shared/session-spec';
import { noticeOver, noticeText } from './notice-texts.ts';

type Place = Pick<LegSpec, 'guildId' | 'channelId' | 'identityId' | 'language'>;

/** Messages of one identity; both reject where Discord refuses. */
export interface PanelPort {
  /** Answers the message's id. */
  post(place: Place, text: string): Promise<string>;
  edit(place: Place, messageId: string, text: string): Promise<void>;
}

export class NoticePanel {
  readonly #port: PanelPort;
  readonly #place: Place;
  #messageId: string | undefined;

  constructor(port: PanelPort, place: Place) {
    this.#port = port;
    this.#place = place;
  }

  /** Posts the notice; once it is there, it says since when others have it, too. Rejects where it cannot be seen. */
  async show(againAt?: number): Promise<void> {
    const { language } = this.#place;
    if (this.#messageId !== undefined) {
      try {
        await this.#port.edit(this.#place, this.#messageId, noticeText(language, againAt));
        return;
      } catch {
        // Somebody has deleted it: another one takes its place, or that is refused as well.
        this.#messageId = undefined;
      }
    }
    this.#messageId = await this.#port.post(this.#place, noticeText(language));
  }

  /** Says that it is over, where it was posted. */
  async over(): Promise<void> {
    const messageId = this.#messageId;
    this.#messageId = undefined;
    if (messageId !== undefined) await this.#port.edit(this.#place, messageId, noticeOver(this.#place.language));
  }
}
