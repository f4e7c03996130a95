/** What the node itself says in the text relay, in the language of the side that reads it. */
import type { RelaySide } from '@patchbay/shared/session-spec';

export interface RelayWords {
  /** Instead of a name that is not shown or not known. */
  somebody: string;
  someone: string;
  role: string;
  channel: string;
  link: string;
  sound: string;
  files: (count: number) => string;
  /** Notes in the chat of who wrote; `who` is a mention. */
  began: string;
  filtered: (who: string) => string;
  shortened: (who: string) => string;
  tooFast: (who: string) => string;
  undelivered: (who: string) => string;
}
export type NoteKind = 'filtered' | 'shortened' | 'tooFast' | 'undelivered';

export const relayWords: Record<RelaySide['language'], RelayWords> = {
  en: {
    somebody: 'Somebody there',
    someone: 'somebody',
    role: 'a role',
    channel: 'a channel',
    link: '[link removed]',
    sound: '[sound not relayed]',
    files: (count) => (count === 1 ? '[file not relayed]' : `[${count} files not relayed]`),
    began: 'Text relay: while this call runs, what you write here is shown on the other side, and theirs here.',
    filtered: (who) => `${who} Links and files do not go over to the other side; the rest of your text does.`,
    shortened: (who) => `${who} Your message was too long for the other side: its end was left out.`,
    tooFast: (who) =>
      `${who} That was not relayed: 4 messages in 5 seconds go over from here. Write it again in a moment.`,
    undelivered: (who) => `${who} That could not be shown on the other side.`,
  },
  it: {
    somebody: 'Qualcuno di là',
    someone: 'qualcuno',
    role: 'un ruolo',
    channel: 'un canale',
    link: '[link rimosso]',
    sound: '[suono non inoltrato]',
    files: (count) => (count === 1 ? '[file non inoltrato]' : `[${count} file non inoltrati]`),
    began: "Inoltro del testo: durante questa chiamata ciò che scrivi qui si legge dall'altra parte, e viceversa.",
    filtered: (who) => `${who} Link e file non arrivano dall'altra parte; il resto del testo sì.`,
    shortened: (who) => `${who} Il messaggio era troppo lungo per l'altra parte: la fine è stata tolta.`,
    tooFast: (who) =>
      `${who} Questo non è stato inoltrato: da qui passano 4 messaggi in 5 secondi. Riscrivilo tra un momento.`,
    undelivered: (who) => `${who} Questo non si è potuto mostrare dall'altra parte.`,
  },
};
