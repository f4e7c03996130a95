/** What a channel reads of its recording. */
import type { LegSpec } from '@patchbay/shared/session-spec';

type Language = NonNullable<LegSpec['language']>;

interface NoticeTexts {
  recorded: string;
  /** Behind it comes the instant. */
  again: string;
  over: string;
}

const texts: Readonly<Record<Language, NoticeTexts>> = {
  en: {
    recorded:
      '🔴 **This voice channel is being recorded.** If you do not want to be, leave it or use `/privacy optout`.',
    again: 'Said again to those who have just come:',
    over: 'The recording of this voice channel is over.',
  },
  it: {
    recorded:
      '🔴 **Questo canale vocale viene registrato.** Se non vuoi essere registrato, escine o usa `/privacy optout`.',
    again: 'Ripetuto a chi è appena arrivato:',
    over: 'La registrazione di questo canale vocale è finita.',
  },
};

/** The notice; `againAt` (ms since the epoch) when it was last given to those who came later. */
export function noticeText(language: Language = 'en', againAt?: number): string {
  const { recorded, again } = texts[language];
  return againAt === undefined ? recorded : `${recorded}\n-# ${again} <t:${Math.floor(againAt / 1_000)}:T>`;
}

export const noticeOver = (language: Language = 'en'): string => texts[language].over;
