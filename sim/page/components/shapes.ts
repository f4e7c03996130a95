/**
 * Components as bots send them (https://discord.com/developers/docs/components/reference), read leniently: the simulator has
 * checked them, and the page shows what it knows.
 */
import type {
  APIActionRowComponent,
  APIButtonComponent,
  APIComponentInMessageActionRow,
  APIContainerComponent,
  APIFileComponent,
  APIMediaGalleryComponent,
  APISectionComponent,
  APISelectMenuComponent,
  APISeparatorComponent,
  APITextDisplayComponent,
  APIThumbnailComponent,
} from 'discord-api-types/v10';

export type ButtonShape = APIButtonComponent;
export type SelectShape = APISelectMenuComponent;
export type RowShape = APIActionRowComponent<APIComponentInMessageActionRow>;
export type SectionShape = APISectionComponent;
export type TextShape = APITextDisplayComponent;
export type ThumbnailShape = APIThumbnailComponent;
export type GalleryShape = APIMediaGalleryComponent;
export type FileShape = APIFileComponent;
export type SeparatorShape = APISeparatorComponent;
export type ContainerShape = APIContainerComponent;

/** The numbers of `type` (type stripping has no enums). */
export const kind = {
  row: 1,
  button: 2,
  stringSelect: 3,
  textInput: 4,
  userSelect: 5,
  roleSelect: 6,
  mentionableSelect: 7,
  channelSelect: 8,
  section: 9,
  text: 10,
  thumbnail: 11,
  gallery: 12,
  file: 13,
  separator: 14,
  container: 17,
  label: 18,
} as const;

export interface AnyComponent {
  type: number;
}
