import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { recordingOf } from '../../env.ts';
import { command, type OptionSpec, textOption } from '../command.ts';
import { findRecording, linksWords, recordingChoices } from '../recordings.ts';
import { refusal } from '../words.ts';

/** A recording of the server that the caller may have. */
export const sessionOption: OptionSpec = {
  key: 'option.session',
  type: Type.String,
  required: true,
  maxLength: 26,
  complete: recordingChoices,
};

/** `/download`: the mix of a recording; one that is missing is made first. */
export const download = command({
  key: 'command.download',
  rule: 'recording.ask',
  options: [sessionOption],
  run: async (context) => {
    const { env, say } = context;
    const sessionId = (textOption(context, 'session') ?? '').trim();
    const found = await findRecording(context, sessionId);
    if (!found) return refusal(say('recording.unknown'), 'unknown');
    const recording = recordingOf(env, sessionId);
    const answer = await recording.links(found.asker, 'master');
    if (!answer.ok && answer.code === 'making') await recording.hurry();
    return linksWords(say, sessionId, answer);
  },
});
