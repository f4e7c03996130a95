/** Everything that captions say in Discord beside what people say. */
export interface CaptionTexts {
  notice: (channel: string) => string;
  somebody: string;
  transcript: (channel: string, live: number, prerecorded: number) => string;
  button: string;
  thread: (channel: string) => string;
}

const en: CaptionTexts = {
  notice: (channel) =>
    `💬 **Captions are on in ${channel}**: what people say there is transcribed by a speech recognition service and written here. ` +
    'Whoever does not want that opts out with `/privacy`; `/captions stop` ends it for all.',
  somebody: 'Somebody',
  transcript: (channel, live, prerecorded) =>
    `📄 The transcript of ${channel} is ready (${live} parts from live captions, ${prerecorded} from the recording).`,
  button: 'Get the transcript',
  thread: (channel) => `Captions: ${channel}`,
};

const it: CaptionTexts = {
  notice: (channel) =>
    `💬 **I sottotitoli sono attivi in ${channel}**: ciò che si dice lì viene trascritto da un servizio di riconoscimento vocale e scritto qui. ` +
    'Chi non lo vuole si esclude con `/privacy`; `/captions stop` li chiude per tutti.',
  somebody: 'Qualcuno',
  transcript: (channel, live, prerecorded) =>
    `📄 La trascrizione di ${channel} è pronta (${live} parti dai sottotitoli in diretta, ${prerecorded} dalla registrazione).`,
  button: 'Ricevi la trascrizione',
  thread: (channel) => `Sottotitoli: ${channel}`,
};

export const captionTexts: Record<'en' | 'it', CaptionTexts> = { en, it };
