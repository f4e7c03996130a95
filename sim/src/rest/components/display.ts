/** Components v2: what shows text and media (https://discord.com/developers/docs/components/reference). */
import { ComponentType } from 'discord-api-types/v10';
import { z } from 'zod';
import { actionRow, button, componentId } from './interactive.ts';
import { fileMedia, media } from './media.ts';

const spoiler = z.boolean().optional();
const textDisplay = z.object({
  type: z.literal(ComponentType.TextDisplay),
  id: componentId,
  content: z.string().min(1).max(4000),
});
const thumbnail = z.object({
  type: z.literal(ComponentType.Thumbnail),
  id: componentId,
  media,
  description: z.string().max(1024).nullish(),
  spoiler,
});
const section = z.object({
  type: z.literal(ComponentType.Section),
  id: componentId,
  components: z
    .array(z.discriminatedUnion('type', [textDisplay]))
    .min(1)
    .max(3),
  accessory: z.discriminatedUnion('type', [button, thumbnail]),
});
const mediaGallery = z.object({
  type: z.literal(ComponentType.MediaGallery),
  id: componentId,
  items: z
    .array(z.object({ media, description: z.string().max(1024).nullish(), spoiler }))
    .min(1)
    .max(10),
});
const file = z.object({ type: z.literal(ComponentType.File), id: componentId, file: fileMedia, spoiler });
const separator = z.object({
  type: z.literal(ComponentType.Separator),
  id: componentId,
  divider: z.boolean().optional(),
  spacing: z.union([z.literal(1), z.literal(2)]).optional(),
});
const inContainer = [actionRow, section, textDisplay, mediaGallery, file, separator] as const;
const container = z.object({
  type: z.literal(ComponentType.Container),
  id: componentId,
  components: z.array(z.discriminatedUnion('type', inContainer)).min(1),
  accent_color: z.number().int().min(0).max(0xffffff).nullish(),
  spoiler,
});

/** Whatever may stand at the top of a message with the flag `IsComponentsV2`; without it, only rows may. */
export const messageComponent = z.discriminatedUnion('type', [...inContainer, container]);
export type MessageComponent = z.infer<typeof messageComponent>;
