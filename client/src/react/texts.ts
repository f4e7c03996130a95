/** Words of the drop-out dialog. */
export interface DropoutTexts {
  title: string;
  /** Said under the title when the channel's name is known. */
  outOf: (channelName: string) => string;
  /** By kind of cause; a kind without words says nothing. */
  causes: Record<string, string>;
  rejoin: string;
  /** On the button and in the status while a rejoin is under way. */
  rejoining: string;
  leave: string;
  dismiss: string;
  /** Beside the links into Discord. */
  linkHint: string;
  openApp: string;
  openWeb: string;
}

export const englishTexts: DropoutTexts = {
  title: 'You dropped out of voice',
  outOf: (channelName) => `You are no longer in ${channelName}.`,
  causes: {
    left: 'You left the voice channel.',
    moderator: 'A moderator disconnected you.',
    moved: 'You were moved to another channel.',
    channel_deleted: 'The channel was deleted.',
    session_replaced: 'You joined voice from another device.',
    network: 'Your connection to Discord was lost.',
  },
  rejoin: 'Rejoin voice',
  rejoining: 'Rejoining…',
  leave: 'Leave',
  dismiss: 'Stay without voice',
  linkHint: 'Join the channel in Discord. This closes by itself as soon as you are back.',
  openApp: 'Open the app',
  openWeb: 'Open in the browser',
};

export const italianTexts: DropoutTexts = {
  title: 'Non sei più nel canale vocale',
  outOf: (channelName) => `Sei fuori da ${channelName}.`,
  causes: {
    left: 'Hai lasciato il canale vocale.',
    moderator: 'Un moderatore ti ha disconnesso.',
    moved: 'Sei stato spostato in un altro canale.',
    channel_deleted: 'Il canale è stato eliminato.',
    session_replaced: 'Sei entrato in vocale da un altro dispositivo.',
    network: 'La connessione a Discord si è interrotta.',
  },
  rejoin: 'Rientra in vocale',
  rejoining: 'Rientro in corso…',
  leave: 'Esci',
  dismiss: 'Continua senza voce',
  linkHint: 'Entra nel canale su Discord. Questa finestra si chiude da sola quando sei di nuovo dentro.',
  openApp: 'Apri l’app',
  openWeb: 'Apri nel browser',
};
