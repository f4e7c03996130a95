import type { Message } from './model.ts';

/** All that mentions are looked for in: the content, and the text displays of components v2. */
export function textsOf({ content, components }: Pick<Message, 'content' | 'components'>): string[] {
  return [content, ...components.flatMap(texts)];
}

const textDisplay = 10;

function texts(component: unknown): string[] {
  if (typeof component !== 'object' || component === null) return [];
  const { type, content, components } = component as { type?: unknown; content?: unknown; components?: unknown };
  const own = type === textDisplay && typeof content === 'string' ? [content] : [];
  return Array.isArray(components) ? [...own, ...components.flatMap(texts)] : own;
}
