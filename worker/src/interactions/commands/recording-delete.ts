import { recordingOf } from '../../env.ts';
import { command, textOption } from '../command.ts';
import { findRecording } from '../recordings.ts';
import { refusal } from '../words.ts';
import { sessionOption } from './download.ts';

/** `/recording delete`: everything of a recording, for good; by those who manage the server. */
export const recordingDelete = command({
  key: 'command.recording.delete',
  rule: 'recording.ask',
  options: [sessionOption],
  run: async (context) => {
    const { env, say } = context;
    const session = (textOption(context, 'session') ?? '').trim();
    const found = await findRecording(context, session);
    if (!found) return refusal(say('recording.unknown'), 'unknown');
    const answer = await recordingOf(env, session).erase(found.asker);
    return answer.ok ? say('recording.deleted', { session }) : refusal(say(`recording.${answer.code}`), answer.code);
  },
});
