import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { NOTE_LENGTH } from '../../session/notes.ts';
import { command, ownGuild, textOption } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/record note`: a mark in the running recording, at its own time. */
export const recordNote = command({
  key: 'command.record.note',
  options: [{ key: 'option.note', type: Type.String, required: true, maxLength: NOTE_LENGTH }, channelOption],
  rule: 'record.note',
  target: true,
  run: async (context) => {
    const { userId, target, language, say } = context;
    const text = (textOption(context, 'text') ?? '').trim();
    if (text === '') return refusal(say('note_empty'), 'note_empty');
    return reply(language, await ownGuild(context).noteRecording(target.channelId, userId, text));
  },
});
