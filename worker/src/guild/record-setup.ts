/** `/setup record`: the rules by which channels are recorded by themselves. Inside a transaction. */
import type { GuildBook } from './book.ts';
import { MAX_RECORD_RULES, type RecordRule, recordRuleSchema, ruleKey } from './record-policy.ts';
import { accept, type Reply, refuse } from './replies.ts';
import { DEFAULTS } from './settings-store.ts';
import { change } from './setup.ts';

export type RecordRuleChange = { add: RecordRule[] } | { remove: string };

/** Adds rules, or removes the one with this key. A rule that holds already starts its recording now. */
export function setRecordRule(book: GuildBook, wanted: RecordRuleChange): Reply {
  const before = book.settings.stored(DEFAULTS).recordRules ?? [];
  if ('remove' in wanted) {
    const after = before.filter((rule) => ruleKey(rule) !== wanted.remove);
    if (after.length === before.length) return refuse('record_rule_unknown');
    return keep(book, after, 'record_rule_removed');
  }
  if (!wanted.add.every((rule) => recordRuleSchema.safeParse(rule).success)) return refuse('wrong_recordRules');
  const keys = new Set(wanted.add.map(ruleKey));
  const after = [...before.filter((rule) => !keys.has(ruleKey(rule))), ...wanted.add];
  if (after.length > MAX_RECORD_RULES) return refuse('too_many_record_rules', { most: MAX_RECORD_RULES });
  return keep(book, after, 'record_rule_added');
}

function keep(book: GuildBook, rules: RecordRule[], code: 'record_rule_added' | 'record_rule_removed'): Reply {
  const answer = change(book, null, { recordRules: rules.length > 0 ? rules : null });
  return answer.ok ? accept(code) : answer;
}
