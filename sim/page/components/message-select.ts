import type { ControlMessage } from '../../src/control/contract.ts';
import { attempt, select as choose } from '../actions.ts';
import { html } from '../html.ts';
import { handleOutcome } from '../overlays/modal.ts';
import { useStore } from '../state/store.ts';
import { Picker } from './picker.ts';
import { entriesOf, startOf } from './select-entries.ts';
import type { SelectShape } from './shapes.ts';

/** A select in a message: every choice is an interaction. */
export function MessageSelect({ select, message }: { select: SelectShape; message: ControlMessage }) {
  const guildId = useStore((state) => state.guildId);
  const world = useStore((state) => state.world);
  const done = async (values: string[]) =>
    handleOutcome(await attempt(() => choose(message, select.custom_id, values)));
  return html`<${Picker} entries=${entriesOf(select, world, guildId)} chosen=${startOf(select)} placeholder=${select.placeholder ?? 'Make a selection'}
    min=${select.min_values ?? 1} max=${select.max_values ?? 1} disabled=${select.disabled ?? false} onChoose=${done} />`;
}
