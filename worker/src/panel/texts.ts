import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionState } from '@patchbay/shared/session-spec';

/** Everything that a panel says. Times are Discord's own marks (`<t:…:R>`), which every reader sees in their language. */
export interface PanelTexts {
  waiting: string;
  since: (mark: string) => string;
  place: (place: number) => string;
  state: Record<Exclude<SessionState, 'ended'>, string>;
  with: (names: string) => string;
  anonymous: string;
  /** Said of another side. */
  held: string;
  /** Said of this side. */
  onHold: string;
  listening: string;
  /** At least one person speaks; `unnamed` are people beside the names. */
  speaking: (names: string, unnamed: number) => string;
  quiet: string;
  started: (mark: string) => string;
  encrypted: string;
  notEncrypted: string;
  recording: string;
  /** Of a channel that is in no call. */
  recordingAlone: string;
  recordingSoon: string;
  captions: string;
  sealable: string;
  sealed: (mark: string) => string;
  monitors: (names: string) => string;
  delay: (ms: number) => string;
  /** How far the storing or making of a recording is. */
  progress: (stage: string, percent: number) => string;
  ended: string;
  last: (reason: string) => string;
  lasted: (minutes: number, seconds: number) => string;
  reason: Record<EndReason, string>;
  next: string;
  stop: string;
  report: string;
}

const stages: Record<'en' | 'it', Readonly<Record<string, string>>> = {
  en: {
    uploading: 'being stored',
    finalising: 'being mixed',
    recovering: 'being recovered',
    transcribing: 'being transcribed',
  },
  it: {
    uploading: 'salvataggio',
    finalising: 'mixaggio',
    recovering: 'recupero',
    transcribing: 'trascrizione',
  },
};

const en: PanelTexts = {
  waiting: 'Waiting for another server',
  since: (mark) => `since ${mark}`,
  place: (place) => `place ${place} in the queue`,
  state: {
    requested: 'Found a partner',
    placing: 'Found a partner',
    connecting: 'Connecting',
    active: 'In a call',
    degraded: 'In a call, with trouble',
    ending: 'Ending',
  },
  with: (names) => `with ${names}`,
  anonymous: 'another server',
  held: 'on hold',
  onHold: 'This side is on hold: it hears nobody, and nobody hears it',
  listening: 'Listening in on a call',
  speaking: (names, unnamed) => {
    if (names === '') return unnamed === 1 ? '1 person is speaking there' : `${unnamed} people are speaking there`;
    return `Speaking: ${names}${unnamed > 0 ? ` and ${unnamed} more` : ''}`;
  },
  quiet: 'Nobody is speaking there',
  started: (mark) => `since ${mark}`,
  encrypted: 'end-to-end encrypted',
  notEncrypted: 'not end-to-end encrypted',
  recording: 'This side is being recorded',
  recordingAlone: 'This channel is being recorded',
  recordingSoon: 'This channel is about to be recorded',
  captions: 'Captions are on: what is said on this side is transcribed',
  sealable: 'Reports can seal the last 10 seconds',
  sealed: (mark) => `A report sealed ten seconds of this call ${mark}`,
  monitors: (names) => `Listening in: ${names}`,
  delay: (ms) => `${ms < 1 ? 'under 1' : ms} ms delay`,
  progress: (stage, percent) => `Recording: ${stages.en[stage] ?? stage}, ${percent} %`,
  ended: 'The call is over',
  last: (reason) => `Last call: ${reason}`,
  lasted: (minutes, seconds) => `It lasted ${minutes} min ${seconds} s.`,
  reason: {
    user_left: 'Nobody was left on one side.',
    empty: 'Nobody was left.',
    timeout: 'The time limit was reached.',
    command: 'Somebody ended it.',
    error: 'Something went wrong.',
    policy: 'A rule of one of the servers ended it.',
    node_lost: 'The voice node was lost.',
    bot_moved: 'The bot was moved to another channel.',
    bot_removed: 'The bot was disconnected or removed.',
    channel_deleted: 'The channel was deleted.',
    no_identity: 'No bot was free for this channel.',
    notice_refused: 'The recording notice could not be shown.',
  },
  next: 'Next',
  stop: 'Stop',
  report: 'Report',
};

const it: PanelTexts = {
  waiting: 'In attesa di un altro server',
  since: (mark) => `da ${mark}`,
  place: (place) => `posto ${place} in coda`,
  state: {
    requested: 'Trovato un altro server',
    placing: 'Trovato un altro server',
    connecting: 'Connessione in corso',
    active: 'In chiamata',
    degraded: 'In chiamata, con problemi',
    ending: 'In chiusura',
  },
  with: (names) => `con ${names}`,
  anonymous: 'un altro server',
  held: 'in attesa',
  onHold: 'Questo lato è in attesa: non sente nessuno, e nessuno lo sente',
  listening: 'In ascolto di una chiamata',
  speaking: (names, unnamed) => {
    if (names === '')
      return unnamed === 1 ? 'Dall’altra parte parla 1 persona' : `Dall’altra parte parlano in ${unnamed}`;
    return `Parla: ${names}${unnamed > 0 ? ` e altri ${unnamed}` : ''}`;
  },
  quiet: 'Dall’altra parte nessuno parla',
  started: (mark) => `da ${mark}`,
  encrypted: 'cifrata da un capo all’altro',
  notEncrypted: 'non cifrata da un capo all’altro',
  recording: 'Questo lato viene registrato',
  recordingAlone: 'Questo canale viene registrato',
  recordingSoon: 'Questo canale sta per essere registrato',
  captions: 'Sottotitoli attivi: ciò che si dice da questo lato viene trascritto',
  sealable: 'Le segnalazioni possono sigillare gli ultimi 10 secondi',
  sealed: (mark) => `Una segnalazione ha sigillato dieci secondi di questa chiamata ${mark}`,
  monitors: (names) => `In ascolto: ${names}`,
  delay: (ms) => `${ms < 1 ? 'meno di 1' : ms} ms di ritardo`,
  progress: (stage, percent) => `Registrazione: ${stages.it[stage] ?? stage}, ${percent} %`,
  ended: 'La chiamata è finita',
  last: (reason) => `Ultima chiamata: ${reason}`,
  lasted: (minutes, seconds) => `È durata ${minutes} min ${seconds} s.`,
  reason: {
    user_left: 'Da un lato non è rimasto nessuno.',
    empty: 'Non è rimasto nessuno.',
    timeout: 'È stato raggiunto il limite di tempo.',
    command: 'Qualcuno l’ha chiusa.',
    error: 'Qualcosa è andato storto.',
    policy: 'L’ha chiusa una regola di uno dei server.',
    node_lost: 'Il nodo vocale non risponde più.',
    bot_moved: 'Il bot è stato spostato in un altro canale.',
    bot_removed: 'Il bot è stato disconnesso o rimosso.',
    channel_deleted: 'Il canale è stato eliminato.',
    no_identity: 'Nessun bot era libero per questo canale.',
    notice_refused: 'Non è stato possibile mostrare l’avviso di registrazione.',
  },
  next: 'Prossimo',
  stop: 'Ferma',
  report: 'Segnala',
};

export const panelTexts: Record<'en' | 'it', PanelTexts> = { en, it };
