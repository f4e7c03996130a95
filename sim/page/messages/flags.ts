/** https://discord.com/developers/docs/resources/message#message-object-message-flags (type stripping has no enums) */
export const MessageFlags = {
  SuppressEmbeds: 1 << 2,
  Ephemeral: 1 << 6,
  Loading: 1 << 7,
  IsComponentsV2: 1 << 15,
} as const;
