import { openDb } from '../../db/db.ts';
import { newestReports, type ReportRow } from '../../db/reports.ts';
import { settingsOf } from '../../env.ts';
import { plain } from '../../panel/render.ts';
import { failureWords } from '../../report/words.ts';
import { type CommandContext, command } from '../command.ts';
import { isTextKey, type TextKey } from '../texts/texts.ts';
import { clip } from '../words.ts';

const SHOWN = 20;
const REASON_SHOWN = 80;

function line({ say, language }: CommandContext, row: ReportRow): string {
  const { id, at, userId, guildName, partners, reason, state, failure } = row;
  const key = `reports.state.${state}`;
  const why = failure === null ? '' : ` (${failureWords(language, failure)})`;
  const others = partners.map(({ guildId, name }) => plain(name || guildId));
  return say('reports.line', {
    ...{ report: id, at: Math.floor(at / 1000), user: userId, reason: plain(reason.slice(0, REASON_SHOWN)) },
    servers: [plain(guildName), ...others].join(' ↔ '),
    state: (isTextKey(key) ? say(key as TextKey) : state) + why,
  });
}

/** `/reports list`: the newest reports of all servers, for the named readers. */
export const reportsList = command({
  key: 'command.reports.list',
  rule: 'report.read',
  run: async (context) => {
    const { env, say } = context;
    const rows = await newestReports(openDb(env, settingsOf(env)), SHOWN);
    if (rows.length === 0) return say('reports.none');
    return clip([say('reports.title'), ...rows.map((row) => line(context, row))], (count) =>
      say('reports.more', { count }),
    );
  },
});
