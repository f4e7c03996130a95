/** What an application may answer, by HTTP response or by the callback route. */
import { ApplicationCommandOptionType, InteractionResponseType as Type } from 'discord-api-types/v10';
import { z } from 'zod';
import { formError } from '../rest/errors.ts';
import { messageBodySchema } from '../rest/message-body.ts';
import { type Interaction, Kind } from './interaction.ts';
import { modalSchema } from './modal.ts';

const choice = z.looseObject({
  name: z.string().min(1).max(100),
  value: z.union([z.string().max(100), z.number()]),
});

/** As it comes in, by either way. */
export const callbackBodySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal(Type.Pong) }),
  z.object({ type: z.literal(Type.ChannelMessageWithSource), data: messageBodySchema }),
  z.object({ type: z.literal(Type.DeferredChannelMessageWithSource), data: messageBodySchema.nullish() }),
  z.object({ type: z.literal(Type.DeferredMessageUpdate) }),
  z.object({ type: z.literal(Type.UpdateMessage), data: messageBodySchema.nullish() }),
  z.object({
    type: z.literal(Type.ApplicationCommandAutocompleteResult),
    data: z.object({ choices: z.array(choice).max(25) }),
  }),
  z.object({ type: z.literal(Type.Modal), data: modalSchema }),
]);
export type Callback = z.infer<typeof callbackBodySchema>;

const messageTypes: readonly number[] = [Type.ChannelMessageWithSource, Type.DeferredChannelMessageWithSource];
const updateTypes: readonly number[] = [Type.DeferredMessageUpdate, Type.UpdateMessage];

/** The callback types that Discord takes for this interaction. */
function allowedTypes({ kind, sourceMessageId }: Interaction): readonly number[] {
  switch (kind) {
    case Kind.Ping:
      return [Type.Pong];
    case Kind.Autocomplete:
      return [Type.ApplicationCommandAutocompleteResult];
    case Kind.Command:
      return [...messageTypes, Type.Modal];
    case Kind.Component:
      return [...messageTypes, ...updateTypes, Type.Modal];
    case Kind.Modal:
      // A modal that a command opened is on no message, so there is nothing to update.
      return sourceMessageId === undefined ? messageTypes : [...messageTypes, ...updateTypes];
  }
}

/** Throws 50035 at the field that does not fit the interaction. */
export function checkCallback(interaction: Interaction, callback: Callback): void {
  const allowed = allowedTypes(interaction);
  if (!allowed.includes(callback.type))
    throw formError(['type'], 'BASE_TYPE_CHOICES', `Value must be one of {${allowed.join(', ')}}.`);
  if (callback.type !== Type.ApplicationCommandAutocompleteResult) return;
  const text = interaction.focusedType === ApplicationCommandOptionType.String;
  for (const [index, { value }] of callback.data.choices.entries()) {
    if (interaction.focusedType !== undefined && (typeof value === 'string') !== text) {
      const path = ['data', 'choices', String(index), 'value'];
      throw text
        ? formError(path, 'STRING_TYPE_CONVERT', 'Could not interpret value as string.')
        : formError(path, 'NUMBER_TYPE_COERCE', `Value "${value}" is not a number.`);
    }
  }
}
