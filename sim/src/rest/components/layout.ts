/** What concerns all components of a message together: limits, unique custom ids, and the ids that Discord fills in. */
import { ComponentType } from 'discord-api-types/v10';
import { type FormError, unionChoices } from '../form-errors.ts';
import type { MessageComponent } from './display.ts';

export type FormRefusals = [path: PropertyKey[], error: FormError][];

/** Components of a message with components v2, nested ones included. */
const maxComponents = 40;
/** Characters of all text displays together. */
const maxText = 4000;
const maxRows = 5;

interface Node {
  type: number;
  id?: number | undefined;
  custom_id?: string | undefined;
  content?: string | undefined;
  components?: Node[] | undefined;
  accessory?: Node | undefined;
}

/** Every component with its path, a parent before its children. */
function walk(nodes: readonly Node[], path: PropertyKey[]): { node: Node; path: PropertyKey[] }[] {
  return nodes.flatMap((node, index) => {
    const own = [...path, index];
    const accessory = node.accessory ? [{ node: node.accessory, path: [...own, 'accessory'] }] : [];
    return [{ node, path: own }, ...walk(node.components ?? [], [...own, 'components']), ...accessory];
  });
}

export function layoutRefusals(components: readonly MessageComponent[], v2: boolean): FormRefusals {
  const refusals: FormRefusals = [];
  const all = walk(components as readonly Node[], ['components']);
  if (v2) {
    if (all.length > maxComponents) {
      const message = `The total number of components cannot exceed ${maxComponents}`;
      refusals.push([['components'], { code: 'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED', message }]);
    }
    const text = all.reduce((sum, { node }) => sum + (node.content?.length ?? 0), 0);
    if (text > maxText) {
      const message = `The total displayable text size of components exceeds maximum of ${maxText}`;
      refusals.push([['components'], { code: 'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED', message }]);
    }
  } else {
    if (components.length > maxRows) {
      refusals.push([
        ['components'],
        { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${maxRows} or fewer in length.` },
      ]);
    }
    for (const [index, { type }] of components.entries()) {
      if (type !== ComponentType.ActionRow)
        refusals.push([['components', index], unionChoices([ComponentType.ActionRow])]);
    }
  }
  return [...refusals, ...duplicates(all)];
}

function duplicates(all: { node: Node; path: PropertyKey[] }[]): FormRefusals {
  const customIds = new Set<string>();
  const ids = new Set<number>();
  return all.flatMap(({ node, path }) => {
    const refusals: FormRefusals = [];
    if (node.custom_id !== undefined && customIds.has(node.custom_id)) {
      const message = 'Component custom id cannot be duplicated';
      refusals.push([[...path, 'custom_id'], { code: 'COMPONENT_CUSTOM_ID_DUPLICATED', message }]);
    }
    if (node.custom_id !== undefined) customIds.add(node.custom_id);
    // 0 counts as left out (Discord docs, "Anatomy of a Component").
    if (node.id && ids.has(node.id)) {
      const message = 'Component id cannot be duplicated';
      refusals.push([[...path, 'id'], { code: 'COMPONENT_ID_DUPLICATED', message }]);
    }
    if (node.id) ids.add(node.id);
    return refusals;
  });
}

/** A copy in which every component has an id: the given ones stay, the others count up from 1 around them. */
export function withIds(components: readonly MessageComponent[]): MessageComponent[] {
  const copy = structuredClone(components) as unknown as Node[];
  const all = walk(copy, []).map(({ node }) => node);
  const taken = new Set(all.map(({ id }) => id));
  let next = 1;
  for (const node of all) {
    if (node.id) continue;
    while (taken.has(next)) next += 1;
    node.id = next;
    taken.add(next);
  }
  return copy as unknown as MessageComponent[];
}
